package reconcile_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/index"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/reconcile"
)

// The index knows a job whose record nobody removed and nobody can read.
func TestReconciler_putsBackARecordThatTheBusHasLost(t *testing.T) {
	t.Parallel()
	const every = 50 * time.Millisecond
	jobs, err := job.Open(t.Context(), testkit.Bus(t, "demo").JS)
	if err != nil {
		t.Fatal(err)
	}
	known := index.New()
	known.Observe(&jobv1.Job{
		Id: "lost", UserId: "ann", Attempt: 1, State: jobv1.State_STATE_QUEUED,
		Options: &jobv1.Options{ResolvedModel: "demo"}, UpdatedAt: timestamppb.New(time.Now().Add(-time.Hour)),
	}, 1)
	r := reconcile.New(known, jobs, reconcile.Actions{
		Recheck: func() {},
		Served:  func(context.Context, string) (bool, error) { return true, nil },
		Unstick: func(context.Context) error { return nil },
		Finish:  func(string) {},
	}, every, testkit.Log(t))
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })

	testkit.Eventually(t, "it is put back", func() bool {
		record, _, err := jobs.Get(t.Context(), "lost")
		return err == nil && record.GetUserId() == "ann"
	})
}
