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

func TestTranscriber_keepsEverySentenceAndItsTime(t *testing.T) {
	t.Parallel()
	r := realRig(t)
	r.start(t)
	pauses := func(random *rand.Rand) int { // 0.3 to 8 s, short ones more often
		return int(300 * math.Exp(random.Float64()*math.Log(8000.0/300)))
	}
	for _, language := range []string{"en", "ru"} {
		recording := record(t, language, 60_000, pauses)
		job := r.accept(t, &jobv1.Options{Language: "auto", Languages: []string{"en", "ru"}, BeamSize: 1}, &recording.piece) // greedily, which takes half the time

		r.queue(t, job, 0)
		result, said := r.result(t, job, 0)

		if result.GetLanguage() != language {
			t.Errorf("language %q, want %q", result.GetLanguage(), language)
		}
		recording.checkWords(t, said)
		recording.checkTimes(t, said)
		for _, s := range said.GetSegments() {
			if len(s.GetFlags()) > 0 {
				t.Errorf("good speech is flagged: %v", s)
			}
		}
	}
	if n := r.count("transcribe_again"); n != 0 {
		t.Errorf("%d windows of good speech were decoded again", n)
	}
	if n := r.count("transcribe_window"); n < 4 {
		t.Errorf("%d windows are too few to try the cuts", n)
	}
}

func TestTranscriber_givesTheSameWordsEachTime(t *testing.T) {
	t.Parallel()
	r := realRig(t)
	recording := record(t, "ru", 5_000, func(*rand.Rand) int { return 400 })
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
