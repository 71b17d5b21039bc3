package mesh_test

import (
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
	"github.com/stenomesh/stenomesh/services/steno/client"
)

// long reports whether the long form of the tests is asked for: make test-long.
func long() bool { return os.Getenv("STENOMESH_LONG") != "" }

// A long recording is as right as its sentences are alone: none is lost or
// doubled where it was cut, and all are where they were said.
func TestRecording_isAsRightAsItsSentences(t *testing.T) {
	t.Parallel()
	seconds := map[string]float64{"en": 600, "ru": 35} // chunks of 30 s
	if long() {
		seconds = map[string]float64{"en": 3600, "ru": 700} // chunks of 120 s and 60 s
	}
	m := meshtest.InProcess(t)
	c := m.Client(t)
	for language, atLeast := range seconds {
		t.Run(language, func(t *testing.T) {
			recording := meshtest.Compose(t, meshtest.Composition{Language: language, Seconds: atLeast, Pause: meshtest.Pauses, Seed: 3})
			alone := aloneWER(t, c, language)
			plans := meshtest.Plans(t, m)
			result := meshtest.TranscribeAsUsual(t, c, recording.Path, language)
			check(t, recording, result, alone, <-plans)
			if got := result.Duration; got < recording.Seconds-0.1 || got > recording.Seconds+0.1 {
				t.Errorf("duration %.2f s, want %.2f", got, recording.Seconds)
			}
		})
	}
}

// Two minutes over low noise with no pause above a tenth of a second: nothing to
// cut in, so all chunks and windows overlap. The sentences are those of the one
// sample whose voice the demo model bears without meshtest.Pauses; the long form logs what
// it makes of the others, too, for docs/results.md. TestSeams_loseAndDoubleNoWord
// asks the same of the joins alone.
func TestRecording_withoutPausesIsJoinedInSpeech(t *testing.T) {
	t.Parallel()
	m := meshtest.InProcess(t)
	recording, result, plan := withoutPauses(t, m, "en", "en-04")
	check(t, recording, result, 0, plan)
	if !long() {
		return
	}
	for _, name := range []string{"en-01", "en-06", "en-10", "ru-02", "ru-05", "ru-07", "ru-11"} {
		recording, result, _ := withoutPauses(t, m, name[:2], name)
		verdict := meshtest.Judge(recording.Sentences, result.Heard())
		t.Logf("%s without meshtest.Pauses: WER %.1f %%", name, 100*verdict.WER())
	}
}

// withoutPauses transcribes two minutes made of the sentences of one sample.
func withoutPauses(t *testing.T, m *meshtest.Mesh, language, sample string) (meshtest.Recording, meshtest.Result, *jobv1.Plan) {
	t.Helper()
	recording := meshtest.Compose(t, meshtest.Composition{
		Language: language, Samples: []string{sample}, Seconds: 120, NoiseDB: -60, Seed: 3,
		Pause: func(*rand.Rand) float64 { return 0.095 },
	})
	plans := meshtest.Plans(t, m)
	result := meshtest.Transcribe(t, m.Client(t), recording.Path, language)
	plan := <-plans
	wantOverlaps(t, plan)
	return recording, result, plan
}

// check holds a transcript against what was said. What the model gets wrong in
// the middle of a chunk is in the word error rate; beside a cut nothing may be
// lost or doubled.
func check(t *testing.T, recording meshtest.Recording, result meshtest.Result, alone float64, plan *jobv1.Plan) {
	t.Helper()
	verdict := meshtest.Judge(recording.Sentences, result.Heard())
	t.Logf("%.0f s, %d sentences: WER %.2f %% (samples alone %.2f %%), lost %d, doubled %d, start error median %.2f s, p95 %.2f s",
		recording.Seconds, len(recording.Sentences), 100*verdict.WER(), 100*alone, len(verdict.Lost), len(verdict.Doubled),
		verdict.StartError(0.5), verdict.StartError(0.95))
	if verdict.WER() > alone+0.02 {
		t.Errorf("WER %.2f %%, want at most 2 points above %.2f %%", 100*verdict.WER(), 100*alone)
	}
	for what, found := range map[string][]meshtest.Heard{"lost": verdict.Lost, "doubled": verdict.Doubled} {
		for _, words := range found {
			t.Logf("%s at %.1f s: %s", what, words.Start, words.Word)
			if nearCut(plan, words.Start) {
				t.Errorf("%s beside a cut at %.1f s: %s", what, words.Start, words.Word)
			}
		}
	}
	if verdict.StartError(0.5) > 0.2 || verdict.StartError(0.95) > 0.5 {
		t.Errorf("sentence starts are off by %.2f s in the median, %.2f s at p95; want 0.2 and 0.5",
			verdict.StartError(0.5), verdict.StartError(0.95))
	}
}

// nearCut reports whether a chunk begins or ends within a sentence's length of a
// time in seconds.
func nearCut(plan *jobv1.Plan, seconds float64) bool {
	const sentence = 5.0
	for _, chunk := range plan.GetChunks() {
		for _, ms := range []int64{chunk.GetStartMs(), chunk.GetEndMs()} {
			if cut := float64(ms) / 1000; cut-sentence < seconds && seconds < cut+sentence {
				return true
			}
		}
	}
	return false
}

// aloneWER is the word error rate of the samples, each transcribed alone.
func aloneWER(t *testing.T, c *client.Client, language string) float64 {
	t.Helper()
	errors, words := 0, 0
	for _, sample := range testkit.Samples(t, language) {
		e, w := transcript.WER(sample.Text, meshtest.TranscribeAsUsual(t, c, sample.Path, language).Text)
		errors, words = errors+e, words+w
	}
	return float64(errors) / float64(words)
}
