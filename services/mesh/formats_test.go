package mesh_test

import (
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/transcript"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// format is one way to store the same speech.
type format struct {
	name   string
	ffmpeg []string // between input and output
	limit  float64  // word error rate that the demo model must stay within
	exact  bool     // the same PCM reaches the engine as from the original
}

var video = []string{"-f", "lavfi", "-i", "testsrc=size=160x120:rate=10", "-shortest", "-pix_fmt", "yuv420p"}

var formats = []format{
	{name: "plain.wav", limit: 0.05, exact: true},
	{name: "lossless.flac", limit: 0.05, exact: true},
	{name: "stereo.wav", ffmpeg: []string{"-ac", "2"}, limit: 0.05, exact: true},
	{name: "music.mp3", ffmpeg: []string{"-b:a", "128k"}, limit: 0.05},
	{name: "phone.m4a", ffmpeg: []string{"-b:a", "96k"}, limit: 0.05},
	{name: "voice.ogg", ffmpeg: []string{"-c:a", "libopus", "-b:a", "64k"}, limit: 0.05},
	{name: "telephone.wav", ffmpeg: []string{"-ar", "8000", "-c:a", "pcm_mulaw"}, limit: 0.15},
	{name: "browser.webm", ffmpeg: append(video, "-c:v", "libvpx", "-c:a", "libopus", "-b:a", "64k"), limit: 0.05},
	{name: "camera.mp4", ffmpeg: append(video, "-c:v", "libx264", "-c:a", "aac", "-b:a", "128k"), limit: 0.05},
}

// The same speech in every format gives the same text, within what the demo
// model can do; where the samples are the same, to the word.
func TestFormats_giveTheSameWords(t *testing.T) {
	t.Parallel()
	m := meshtest.InProcess(t)
	c := m.Client(t)
	speech := map[string]meshtest.Recording{}
	for _, language := range []string{"en", "ru"} {
		speech[language] = meshtest.Compose(t, meshtest.Composition{
			Language: language, Seconds: 12, Seed: 7,
			Pause: func(*rand.Rand) float64 { return 0.8 },
		})
	}
	exact := map[string]string{} // first text by language
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) {
			errors, words := 0, 0
			for language, recording := range speech {
				path := filepath.Join(t.TempDir(), language+"-"+f.name)
				meshtest.FFmpeg(t, append(append([]string{"-i", recording.Path}, f.ffmpeg...), path)...)
				result := meshtest.Transcribe(t, c, path, language)
				e, w := transcript.WER(recording.Text(), result.Text)
				errors, words = errors+e, words+w
				if f.exact {
					first, known := exact[language]
					exact[language] = result.Text
					if known && first != result.Text {
						t.Errorf("the same samples gave other words:\n%s\n%s", first, result.Text)
					}
				}
			}
			t.Logf("WER %.1f %% (%d of %d words)", 100*float64(errors)/float64(words), errors, words)
			if float64(errors) > f.limit*float64(words) {
				t.Errorf("%d of %d words wrong, want at most %.0f %%", errors, words, 100*f.limit)
			}
		})
	}
	for language, recording := range speech {
		t.Run("auto finds "+language, func(t *testing.T) {
			result := meshtest.Transcribe(t, c, recording.Path, "auto")
			if result.Language != language {
				t.Errorf("found %q", result.Language)
			}
		})
	}
}
