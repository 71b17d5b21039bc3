// Package whispertest gives the tests of the engine its model and speech with a
// known text: the bundled demonstration model and the recordings of
// testdata/audio as the engine takes them. Nothing but tests imports it.
package whispertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/pkg/transcript"
)

// Sample is one recording and what is said in it.
type Sample struct {
	testkit.Sample
	// PCM is signed 16-bit little-endian mono at 16 kHz.
	PCM []byte
}

// ModelPath returns the path of the demonstration model.
func ModelPath(t testing.TB) string {
	t.Helper()
	path := filepath.Join(testkit.Root(t), "deploy", "models", "ggml-demo-en-ru.bin")
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the demonstration model is missing; run: git checkout deploy/models: %v", err)
	}
	return path
}

// Load decodes the recording NAME.flac of testdata/audio.
func Load(t testing.TB, name string) Sample {
	t.Helper()
	for _, s := range testkit.Samples(t, "") {
		if s.Name == name+".flac" {
			return Sample{Sample: s, PCM: decode(t, s.Path)}
		}
	}
	t.Fatalf("testdata/audio/samples.tsv does not tell of %s.flac", name)
	return Sample{}
}

// WordErrorRate tells how much of what is said in s is wrong in text.
func (s Sample) WordErrorRate(text string) float64 {
	errors, words := transcript.WER(s.Text, text)
	return float64(errors) / float64(max(1, words))
}

func decode(t testing.TB, path string) []byte {
	t.Helper()
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Fatalf("ffmpeg is missing; run: apt-get install ffmpeg: %v", err)
	}
	command := exec.CommandContext(t.Context(), ffmpeg, "-nostdin", "-v", "error", "-i", path,
		"-ac", "1", "-ar", "16000", "-f", "s16le", "-")
	pcm, err := command.Output()
	if err != nil {
		t.Fatalf("decode %s: %v", path, err)
	}
	return pcm
}
