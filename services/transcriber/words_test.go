package transcriber_test

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
)

// realRig runs whisper.cpp with the demo model.
func realRig(t testing.TB) *rig {
	t.Helper()
	r := bareRig(t, "demo")
	var err error
	if r.catalog, err = catalog.Default(); err != nil {
		t.Fatal(err)
	}
	r.cfg.Engine = enginetest.Whisper(t)
	r.cfg.ModelDirs = filepath.Join(testkit.Root(t), "deploy", "models")
	return r
}

// The samples by themselves have no wrong word. Two points are what a recording
// may lose by being cut and put together.
const allowedErrors = 0.02

func TestTranscriber_keepsEverySentenceBetweenLongPauses(t *testing.T) {
	t.Parallel()
	pauses := func(random *rand.Rand) int { // 0.3 to 8 s, short ones more often
		return int(300 * math.Exp(random.Float64()*math.Log(8000.0/300)))
	}
	for _, language := range []string{"en", "ru"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			checkWords(t, language, record(t, language, 110_000, pauses))
		})
	}
}

func TestTranscriber_keepsEverySentenceWhereNobodyPauses(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"en", "ru"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			checkWords(t, language, record(t, language, 80_000, func(*rand.Rand) int { return 80 }))
		})
	}
}

func TestTranscriber_givesTheSameWordsEachTime(t *testing.T) {
	t.Parallel()
	r := realRig(t)
	recording := record(t, "ru", 20_000, func(*rand.Rand) int { return 400 })
	first := r.accept(t, &jobv1.Options{Language: "ru"}, &recording.piece)
	second := r.accept(t, &jobv1.Options{Language: "ru"}, &recording.piece)
	r.start(t)

	r.queue(t, first, 0)
	r.queue(t, second, 0)
	_, once := r.result(t, first, 0)
	_, again := r.result(t, second, 0)

	if !proto.Equal(once, again) {
		t.Errorf("first %v, then %v", once, again)
	}
}

func checkWords(t *testing.T, language string, recording *recording) {
	t.Helper()
	r := realRig(t)
	job := r.accept(t, &jobv1.Options{Language: "auto", Languages: []string{"en", "ru"}}, &recording.piece)
	r.start(t)

	r.queue(t, job, 0)
	result, said := r.result(t, job, 0)

	if result.GetLanguage() != language {
		t.Errorf("language %q", result.GetLanguage())
	}
	if wrong, words := recording.wordErrors(said); float64(wrong) > allowedErrors*float64(words) {
		t.Errorf("%d of %d words are wrong", wrong, words)
	}
	off, lost := recording.startErrors(said)
	if lost > 0 || len(said.GetSegments()) != len(recording.sentences) {
		t.Errorf("%d sentences lost; %d segments of %d sentences", lost, len(said.GetSegments()), len(recording.sentences))
	}
	median, p95 := off[len(off)/2], off[len(off)*95/100]
	t.Logf("starts are off by %d ms (median), %d ms (p95); %d windows", median, p95, r.count("transcribe_window"))
	if median > 200 || p95 > 500 {
		t.Errorf("starts are off by %d ms (median), %d ms (p95)", median, p95)
	}
}
