package reconcile_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/index"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/reconcile"
)

// TestReconciler_readsNothingOfWhatIsNotThere walks jobs with a thousand chunks
// that wait, and one whose result nobody told.
func TestReconciler_readsNothingOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t, "demo")
	jobs, err := job.Open(t.Context(), b.JS)
	if err != nil {
		t.Fatal(err)
	}
	known := index.New()
	for _, id := range []string{"a", "b"} {
		known.Observe(&jobv1.Job{
			Id: id, Attempt: 1, State: jobv1.State_STATE_TRANSCRIBING, Chunks: 500, Options: &jobv1.Options{ResolvedModel: "demo"},
		}, 1)
	}
	if err := jobs.CreateResult(t.Context(), &jobv1.ChunkResult{JobId: "b", Attempt: 1, Chunk: 7}); err != nil {
		t.Fatal(err)
	}
	applied := make(chan *jobv1.ChunkResult, 8)
	r := reconcile.New(known, jobs, reconcile.Actions{
		Recheck: func() {},
		Served:  func(context.Context, string) (bool, error) { return true, nil },
		Unstick: func(context.Context) error { return nil },
		Apply: func(_ context.Context, _ string, results []*jobv1.ChunkResult) error {
			for _, result := range results {
				applied <- result
			}
			return nil
		},
		Finish: func(string) {},
	}, time.Hour, testkit.Log(t))
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	before := requests(t, b.JS)

	r.Now()
	first := <-applied
	r.Now()
	<-applied // so the first walk is done

	if first.GetJobId() != "b" || first.GetChunk() != 7 {
		t.Errorf("applied %v", first)
	}
	if n := requests(t, b.JS) - before; n > 50 {
		t.Errorf("two walks made %d requests", n)
	}
}

// requests returns how many requests the server was asked.
func requests(t *testing.T, js jetstream.JetStream) uint64 {
	t.Helper()
	account, err := js.AccountInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return account.API.Total
}
