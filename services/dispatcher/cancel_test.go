package dispatcher_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// TestDispatcher_clearsAJobThatEndsInAnyState ends jobs as the gateway does,
// while a dispatcher runs and while none does.
func TestDispatcher_clearsAJobThatEndsInAnyState(t *testing.T) {
	t.Parallel()
	states := []jobv1.State{
		jobv1.State_STATE_QUEUED, jobv1.State_STATE_PREPROCESSING,
		jobv1.State_STATE_TRANSCRIBING, jobv1.State_STATE_ASSEMBLING,
	}
	for _, end := range []jobv1.State{jobv1.State_STATE_CANCELLED, jobv1.State_STATE_DELETED} {
		for _, state := range states {
			t.Run(fmt.Sprintf("%v after %v", end, state), func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				r.history.behind.Store(true) // the record stays
				before := r.seed(t, state)
				r.must(t, r.end(t, before, end))
				r.dispatcher(t)
				r.awaitOnly(t, before)

				during := r.seed(t, state)
				ended := r.end(t, during, end)

				if fault.Is(ended, fault.Conflict) && state == jobv1.State_STATE_ASSEMBLING {
					record := r.await(t, during, jobv1.State_STATE_COMPLETED) // the dispatcher was faster
					r.awaitOnly(t, during, record.GetTranscript().GetKey())
					return
				}
				r.must(t, ended)
				r.awaitOnly(t, during)
				for _, id := range []string{before, during} {
					if got := r.get(t, id).GetState(); got != end {
						t.Errorf("state %v, want %v", got, end)
					}
				}
				testkit.Eventually(t, "the queue is empty", func() bool { return r.queued(t) == 0 })
			})
		}
	}
}

func TestDispatcher_stopsTheWorkOfACancelledJob(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cfg.Reconcile = slowConfig().Reconcile
	r.dispatcher(t)
	running := make(chan struct{}, 8)
	w, _ := r.workers(t, 2, func(ctx context.Context, task *jobv1.Task) error {
		if task.GetStage() == jobv1.Stage_STAGE_PRE {
			return nil
		}
		running <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	id := r.accept(t, "u", 6, nil)
	<-running
	<-running

	r.must(t, r.end(t, id, jobv1.State_STATE_CANCELLED))

	r.awaitOnly(t, id)
	testkit.Eventually(t, "the queue is empty", func() bool { return r.queued(t) == 0 })
	if runs := w.runs.Load(); runs != 3 { // preprocessing, and the two that ran
		t.Errorf("%d tasks were begun", runs)
	}
}

// TestDispatcher_endsAJobOnceWhenCancelRacesCompletion ends in one terminal
// state, and with the blobs that belong to it.
func TestDispatcher_endsAJobOnceWhenCancelRacesCompletion(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.dispatcher(t)
	const races = 30
	var ids []string
	for range races {
		ids = append(ids, r.seed(t, jobv1.State_STATE_TRANSCRIBING))
	}

	var racing sync.WaitGroup
	refused := make([]error, races)
	for n, id := range ids {
		racing.Go(func() {
			result, err := resultOf(t.Context(), r.blobs, &jobv1.Task{JobId: id, Attempt: 1})
			if err = errors.Join(err, r.jobs.CreateResult(t.Context(), result)); err != nil {
				t.Error(err)
			}
		})
		racing.Go(func() { refused[n] = r.end(t, id, jobv1.State_STATE_CANCELLED) })
	}
	racing.Wait()

	for n, id := range ids {
		switch {
		case refused[n] == nil:
			r.awaitOnly(t, id)
			if got := r.get(t, id).GetState(); got != jobv1.State_STATE_CANCELLED {
				t.Errorf("a job whose cancellation was accepted is %v", got)
			}
		case fault.Is(refused[n], fault.Conflict):
			record := r.await(t, id, jobv1.State_STATE_COMPLETED)
			r.awaitOnly(t, id, record.GetTranscript().GetKey())
		default:
			t.Error(refused[n])
		}
	}
}

func TestDispatcher_leavesNothingOfADeletedJob(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.dispatcher(t)
	r.workers(t, 2, nil)
	id := r.accept(t, "u", 2, nil)
	r.await(t, id, jobv1.State_STATE_COMPLETED)

	r.must(t, r.end(t, id, jobv1.State_STATE_DELETED))

	r.awaitOnly(t, id)
	r.awaitPurged(t, id)
}

// awaitPurged waits until a job's record is gone.
func (r *rig) awaitPurged(t *testing.T, id string) {
	t.Helper()
	testkit.Eventually(t, "the record is purged", func() bool {
		_, _, err := r.jobs.Get(t.Context(), id)
		return fault.Is(err, fault.NotFound)
	})
	if key := job.BlobPrefix(id); len(r.leftovers(t, id)) != 0 {
		t.Errorf("blobs are left below %s", key)
	}
}
