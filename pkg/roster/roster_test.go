package roster_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/roster"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestRoster_knowsWhoWorksAndWithWhat(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	r := follow(t, b)
	first := announce(t, b, "first")
	second := announce(t, b, "second")

	first.load("demo")
	second.load("demo", "base")

	testkit.Eventually(t, "both models are known", func() bool {
		return slices.Equal(r.LoadedModels(), []string{"base", "demo"})
	})
	second.stop()
	testkit.Eventually(t, "the second has gone", func() bool {
		workers := r.Workers(jobv1.Stage_STAGE_ASR)
		return len(workers) == 1 && workers[0].GetInstance() == "first"
	})
	if pre := r.Workers(jobv1.Stage_STAGE_PRE); len(pre) != 0 {
		t.Errorf("another stage has %v", pre)
	}
}

func TestRoster_takesNobodysWordForAnother(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	r := follow(t, b)
	forged, err := proto.Marshal(&jobv1.WorkerBeat{Instance: "other", Stage: jobv1.Stage_STAGE_ASR})
	if err != nil {
		t.Fatal(err)
	}

	for _, data := range [][]byte{forged, []byte("no message")} {
		if err := b.NC.Publish("wrk.v1.hb.asr.MINE", data); err != nil {
			t.Fatal(err)
		}
	}
	announce(t, b, "honest") // comes behind them

	testkit.Eventually(t, "the honest one is there", func() bool { return len(r.Workers(jobv1.Stage_STAGE_ASR)) > 0 })
	if workers := r.Workers(jobv1.Stage_STAGE_ASR); len(workers) != 1 || workers[0].GetInstance() != "honest" {
		t.Errorf("got %v", workers)
	}
}

func follow(t *testing.T, b *bus.Bus) *roster.Roster {
	t.Helper()
	r, err := roster.Follow(b.NC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() }) // the connection may have gone before
	return r
}

// worker announces itself until the test ends.
type worker struct {
	stop func()

	mu   sync.Mutex
	beat *jobv1.WorkerBeat
}

func announce(t *testing.T, b *bus.Bus, name string) *worker {
	t.Helper()
	w := &worker{beat: &jobv1.WorkerBeat{Instance: name, Stage: jobv1.Stage_STAGE_ASR, Slots: 2}}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		roster.Announce(ctx, b.NC, func() *jobv1.WorkerBeat {
			w.mu.Lock()
			defer w.mu.Unlock()
			return proto.CloneOf(w.beat)
		})
	}()
	w.stop = func() { cancel(); <-ended }
	t.Cleanup(w.stop)
	return w
}

func (w *worker) load(models ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.beat.LoadedModels = models
}
