package prepare_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/audiotest"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/pcm"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/prepare"
)

func config(t testing.TB) prepare.Config {
	return prepare.Config{Tools: audiotest.Tools(t), Recording: 24 * time.Hour, Wall: time.Hour}
}

// mix is a recording with its only track.
type mix struct {
	prepare.Prepared
	prepare.Track
}

// file prepares a recording that must be good.
func file(t *testing.T, path string) mix {
	t.Helper()
	return request(t, prepare.Request{Path: path, Scratch: t.TempDir()})
}

func request(t *testing.T, r prepare.Request) mix {
	t.Helper()
	prepared, err := prepare.File(t.Context(), config(t), r)
	if err != nil || len(prepared.Tracks) != 1 {
		t.Fatalf("prepare %s: %d tracks, %v", r.Path, len(prepared.Tracks), err)
	}
	return mix{prepared, prepared.Tracks[0]}
}

// sentencesAre checks that speech begins and ends where the sample's sentences
// do, all moved by shift seconds.
func sentencesAre(t *testing.T, prepared mix, sample testkit.Sample, shift float64) {
	t.Helper()
	for _, sentence := range sample.Sentences {
		start, end := 1000*(sentence.Start+shift), 1000*(sentence.End+shift)
		var nearStart, nearEnd bool
		for _, s := range prepared.Silence.Speech {
			nearStart = nearStart || math.Abs(float64(s.StartMs)-start) <= 150
			nearEnd = nearEnd || math.Abs(float64(s.EndMs)-end) <= 150
		}
		if !nearStart || !nearEnd {
			t.Errorf("no speech from %.0f to %.0f ms in %v", start, end, prepared.Silence.Speech)
		}
	}
}

func TestFile_findsTheSentencesOfEverySample(t *testing.T) {
	t.Parallel()
	for _, sample := range testkit.Samples(t, "") {
		t.Run(sample.Name, func(t *testing.T) {
			t.Parallel()

			prepared := file(t, sample.Path)

			sentencesAre(t, prepared, sample, 0)
			if len(prepared.Pieces) != 1 {
				t.Errorf("%d pieces, want 1", len(prepared.Pieces))
			}
			if info, err := os.Stat(prepared.PCM); err != nil || info.Size()/pcm.BytesPerMs != prepared.DurationMs {
				t.Errorf("the PCM is not %d ms long: %v, %v", prepared.DurationMs, info, err)
			}
		})
	}
}

func TestFile_readsEveryKindOfRecording(t *testing.T) {
	t.Parallel()
	sample := testkit.Samples(t, "en")[2]
	in := []string{"-i", sample.Path}
	picture := []string{"-f", "lavfi", "-i", "testsrc=d=14:s=128x96:r=10", "-map", "0:a", "-map", "1:v"}
	late := []string{"-f", "lavfi", "-i", "testsrc=d=16:s=128x96:r=10", "-itsoffset", "2", "-i", sample.Path, "-map", "0:v", "-map", "1:a"}
	cases := []struct {
		name, kind, codec string
		args              []string
		video             bool
		shift             float64 // seconds by which the words come later
	}{
		{name: "mp3", kind: "mp3", codec: "mp3", args: in},
		{name: "m4a", kind: "m4a", codec: "aac", args: in},
		{name: "opus", kind: "ogg", codec: "opus", args: append(in, "-c:a", "libopus")},
		{name: "flac", kind: "flac", codec: "flac", args: in},
		{name: "telephone", kind: "wav", codec: "pcm_mulaw", args: append(in, "-ar", "8000", "-c:a", "pcm_mulaw")},
		{name: "stereo", kind: "wav", codec: "pcm_s16le", args: append(in, "-ac", "2", "-ar", "44100")},
		{name: "webm", kind: "webm", codec: "opus", args: append(in, picture...), video: true},
		{name: "mp4", kind: "mp4", codec: "aac", args: append(in, picture...), video: true},
		{name: "mp4 with late sound", kind: "mp4", codec: "aac", args: late, video: true, shift: 2},
		{name: "webm with late sound", kind: "webm", codec: "opus", args: late, video: true, shift: 2},
		{name: "transport stream with late sound", kind: "ts", codec: "mp2", args: late, video: true, shift: 2},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			prepared := file(t, audiotest.Make(t, tc.kind, tc.args...))

			if prepared.Media.Codec != tc.codec || prepared.Media.Video != tc.video {
				t.Errorf("media is %+v", prepared.Media)
			}
			sentencesAre(t, prepared, sample, tc.shift)
			if len(prepared.Warnings) != 0 {
				t.Errorf("warnings %q", prepared.Warnings)
			}
		})
	}
}

func TestFile_keepsTheTimesAfterAGap(t *testing.T) {
	t.Parallel()
	sample := testkit.Samples(t, "en")[0]
	// The same speech twice, with nothing at all in the file for 3 s between.
	path := audiotest.Make(t, "mka", "-i", sample.Path, "-i", sample.Path, "-filter_complex",
		"[0]atrim=end=3,asetpts=PTS-STARTPTS[a];[1]atrim=end=3,asetpts=PTS-STARTPTS[b];[a][b]concat=v=0:a=1,asetpts='PTS+gte(T,3)*3/TB'",
		"-c:a", "flac")

	prepared := file(t, path)

	sentencesAre(t, prepared, sample, 0)
	sentencesAre(t, prepared, sample, 6)
}

func TestFile_ofTheSameSoundIsTheSame(t *testing.T) {
	t.Parallel()
	sample := audiotest.Sample(t, "ru-11.flac")
	wav := audiotest.Make(t, "wav", "-i", sample)

	one, other := file(t, sample), file(t, wav)

	a, errA := os.ReadFile(one.PCM)
	b, errB := os.ReadFile(other.PCM)
	if errA != nil || errB != nil || string(a) != string(b) {
		t.Errorf("the PCM differs: %v, %v", errA, errB)
	}
	if one.Loudness != other.Loudness || one.DurationMs != other.DurationMs {
		t.Errorf("the measures differ: %+v and %+v", one.Loudness, other.Loudness)
	}
}

func TestFile_ofSilenceHasNoPieces(t *testing.T) {
	t.Parallel()
	path := audiotest.Make(t, "mp3", "-f", "lavfi", "-i", "anullsrc=r=44100:cl=stereo", "-t", "20")

	prepared := file(t, path)

	if len(prepared.Pieces) != 0 || prepared.DurationMs != 20_000 || prepared.Loudness.GainDB() != 0 {
		t.Errorf("got %+v", prepared)
	}
}

func TestFile_findsTheWordsOfAQuietRecording(t *testing.T) {
	t.Parallel()
	for _, sample := range testkit.Samples(t, "") {
		t.Run(sample.Name, func(t *testing.T) {
			t.Parallel()

			prepared := file(t, audiotest.Make(t, "wav", "-i", sample.Path, "-af", "volume=-40dB"))

			if len(prepared.Pieces) != 1 {
				t.Fatalf("%d pieces, want 1", len(prepared.Pieces))
			}
			for _, sentence := range sample.Sentences {
				if part := spoken(prepared, 1000*sentence.Start, 1000*sentence.End); part < 0.8 {
					t.Errorf("of what is said from %.1f to %.1f s, %.0f %% is speech in %v",
						sentence.Start, sentence.End, 100*part, prepared.Silence.Speech)
				}
			}
		})
	}
}

// spoken returns the share of a stretch, in milliseconds, that is speech.
func spoken(prepared mix, start, end float64) float64 {
	var sum float64
	for _, s := range prepared.Silence.Speech {
		sum += max(0, min(float64(s.EndMs), end)-max(float64(s.StartMs), start))
	}
	return sum / (end - start)
}

func TestFile_ofNoiseAloneHasNoPieces(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"white": "anoisesrc=c=white:a=0.0017:d=20:seed=1",
		"pink":  "anoisesrc=c=pink:a=0.004:d=20:seed=1",
		"brown": "anoisesrc=c=brown:a=0.004:d=20:seed=1",
		"hum":   "sine=f=50:d=20,volume=-45dB",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			prepared := file(t, audiotest.Make(t, "wav", "-f", "lavfi", "-i", source))

			if len(prepared.Pieces) != 0 {
				t.Errorf("speech in %v, with gain %.0f dB", prepared.Silence.Speech, prepared.Loudness.GainDB())
			}
		})
	}
}

func TestFile_tellsHowFarItIs(t *testing.T) {
	t.Parallel()
	var last, total int64
	r := prepare.Request{
		Path: audiotest.Sample(t, "en-10.flac"), Scratch: t.TempDir(),
		Progress: func(doneMs, totalMs int64) {
			if doneMs <= last {
				t.Errorf("%d ms after %d ms", doneMs, last)
			}
			last, total = doneMs, totalMs
		},
	}

	prepared, err := prepare.File(t.Context(), config(t), r)

	if err != nil || last < 14_000 || last > prepared.DurationMs || total != 15_665 {
		t.Errorf("the last note was %d of %d ms: %v", last, total, err)
	}
}

func TestFile_wholeLeavesNoSilenceOut(t *testing.T) {
	t.Parallel()
	path := audiotest.Make(t, "flac", "-i", audiotest.Sample(t, "en-01.flac"), "-af", "adelay=40000,apad=pad_dur=40")

	prepared := request(t, prepare.Request{Path: path, Scratch: t.TempDir(), Whole: true})

	var at int64
	for _, piece := range prepared.Pieces {
		if piece.StartMs != at {
			t.Errorf("a piece begins at %d ms, the one before ends at %d", piece.StartMs, at)
		}
		at = piece.EndMs
	}
	if at != prepared.DurationMs {
		t.Errorf("the pieces end at %d of %d ms", at, prepared.DurationMs)
	}
}

// writeFile puts content into a new file.
func writeFile(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
