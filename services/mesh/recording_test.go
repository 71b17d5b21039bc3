package mesh_test

import (
	"os"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/pkg/transcript"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
	"github.com/stenomesh/stenomesh/services/steno/client"
)

// long reports whether the long form of the tests is asked for: make test-long.
func long() bool { return os.Getenv("STENOMESH_LONG") != "" }

// A long recording is as right as its sentences are alone: none is lost or
// doubled where it was cut, and all are where they were said.
func TestRecording_isAsRightAsItsSentences(t *testing.T) {
	t.Parallel()
	seconds := map[string]float64{"en": 600, "ru": 120}
	if long() {
		seconds = map[string]float64{"en": 3600, "ru": 700} // chunks of 120 s and 60 s
	}
	c := meshtest.InProcess(t).Client(t)
	for language, atLeast := range seconds {
		t.Run(language, func(t *testing.T) {
			recording := meshtest.Compose(t, meshtest.Composition{Language: language, Seconds: atLeast, Pause: pauses, Seed: 3})
			result := meshtest.Transcribe(t, c, recording.Path, language)
			check(t, recording, result, aloneWER(t, c, language))
			if got := result.Duration; got < recording.Seconds-0.1 || got > recording.Seconds+0.1 {
				t.Errorf("duration %.2f s, want %.2f", got, recording.Seconds)
			}
		})
	}
}

func check(t *testing.T, recording meshtest.Recording, result meshtest.Result, alone float64) {
	t.Helper()
	verdict := meshtest.Judge(recording.Sentences, result.Heard())
	t.Logf("%.0f s, %d sentences: WER %.2f %% (samples alone %.2f %%), lost %d, doubled %d, start error median %.2f s, p95 %.2f s",
		recording.Seconds, len(recording.Sentences), 100*verdict.WER(), 100*alone, len(verdict.Lost), len(verdict.Doubled),
		verdict.StartError(0.5), verdict.StartError(0.95))
	if verdict.WER() > alone+0.02 {
		t.Errorf("WER %.2f %%, want at most 2 points above %.2f %%", 100*verdict.WER(), 100*alone)
	}
	for _, sentence := range verdict.Lost {
		t.Errorf("lost: %s", sentence)
	}
	for _, words := range verdict.Doubled {
		t.Errorf("doubled: %s", words)
	}
	if verdict.StartError(0.5) > 0.2 || verdict.StartError(0.95) > 0.5 {
		t.Errorf("sentence starts are off by %.2f s in the median, %.2f s at p95; want 0.2 and 0.5",
			verdict.StartError(0.5), verdict.StartError(0.95))
	}
}

// aloneWER is the word error rate of the samples, each transcribed alone.
func aloneWER(t *testing.T, c *client.Client, language string) float64 {
	t.Helper()
	errors, words := 0, 0
	for _, sample := range testkit.Samples(t, language) {
		e, w := transcript.WER(sample.Text, meshtest.Transcribe(t, c, sample.Path, language).Text)
		errors, words = errors+e, words+w
	}
	return float64(errors) / float64(words)
}
