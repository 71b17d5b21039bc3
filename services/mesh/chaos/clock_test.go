//go:build chaos

package chaos_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/dispatcher"
	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
)

// The clock of whoever wrote a record last is an hour fast, or slow. What the job
// still needs is done all the same.
//
// An hour fast needs that the reconciler takes a record from the future for one that
// stands still: it reads the age of a record as less than its interval, and so leaves
// the job alone until that hour is over.
func TestF27_recordsOfAWrongClock(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]time.Duration{"an hour fast": time.Hour, "an hour slow": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chaos.Case(t)
			lost := newLostResult(t, wrong)
			lost.startDispatcher(t)
			testkit.Eventually(t, "the result is found", func() bool { return lost.applied(t) })
		})
	}
}

// lostResult is a job of two chunks whose first result nobody told.
type lostResult struct {
	*bus.Bus
	id string
}

// newLostResult has the record written by a clock that is wrong by so much.
func newLostResult(t *testing.T, wrong time.Duration) *lostResult {
	t.Helper()
	l := &lostResult{Bus: testkit.Bus(t, "demo"), id: "0198c0de-0000-7000-8000-000000000001"}
	record, err := proto.Marshal(&jobv1.Job{
		Id: l.id, UserId: "ann", Attempt: 1, State: jobv1.State_STATE_TRANSCRIBING, Chunks: 2,
		Options:   &jobv1.Options{Model: "demo", ResolvedModel: "demo", Language: "en"},
		CreatedAt: timestamppb.New(time.Now().Add(wrong)), UpdatedAt: timestamppb.New(time.Now().Add(wrong)),
	})
	if err == nil { // by hand: the store of a right clock would put it right
		_, err = l.JS.Publish(t.Context(), "$KV."+job.Bucket+".job."+l.id, record)
	}
	if err == nil {
		err = records(t, l.Bus).CreateResult(t.Context(), &jobv1.ChunkResult{JobId: l.id, Attempt: 1, AudioMs: 1000, Language: "en"})
	}
	if err == nil { // told, and lost
		err = l.JS.DeleteConsumer(t.Context(), bus.StreamJobs, bus.ConsumerAssembler)
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// startDispatcher starts one that ends with the test.
func (l *lostResult) startDispatcher(t *testing.T) {
	t.Helper()
	files, err := job.OpenFiles(t.Context(), l.JS)
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.NewDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cfg := dispatcher.DefaultConfig()
	cfg.Reconcile = 100 * time.Millisecond
	service, err := dispatcher.New(cfg, dispatcher.Deps{Bus: l.Bus, Jobs: records(t, l.Bus), Files: files, Blobs: blobs, Log: testkit.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() { _ = service.Run(ctx) }) // it ends with the context only
	t.Cleanup(func() { cancel(); running.Wait() })
}

func (l *lostResult) applied(t *testing.T) bool {
	t.Helper()
	record, _, err := records(t, l.Bus).Get(t.Context(), l.id)
	return err == nil && job.IsDone(record, 0)
}
