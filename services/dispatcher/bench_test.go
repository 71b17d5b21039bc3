package dispatcher_test

import (
	"context"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// BenchmarkDispatcher_acceptToQueued is the time from an accepted record (its
// write included) to its task in the queue, on an idle bus.
func BenchmarkDispatcher_acceptToQueued(b *testing.B) {
	r := newRig(b)
	r.dispatcher(b)
	published := make(chan *nats.Msg, 1)
	sub, err := r.NC.ChanSubscribe("tasks.v1.pre.>", published)
	r.must(b, err)
	b.Cleanup(func() { _ = sub.Unsubscribe() })

	for b.Loop() {
		id := r.accept(b, "u", 1, nil)
		<-published
		b.StopTimer()
		r.must(b, r.end(b, id, jobv1.State_STATE_CANCELLED))
		r.awaitOnly(b, id)
		b.StartTimer()
	}
}

// BenchmarkDispatcher_resultToCompleted is the time from the result of a job's
// only chunk to its completed record.
func BenchmarkDispatcher_resultToCompleted(b *testing.B) {
	r := newRig(b)
	r.cfg = slowConfig()
	r.dispatcher(b)
	for b.Loop() {
		b.StopTimer()
		id := r.seed(b, jobv1.State_STATE_TRANSCRIBING)
		result, err := resultOf(b.Context(), r.blobs, &jobv1.Task{JobId: id, Attempt: 1})
		r.must(b, err)
		b.StartTimer()
		r.must(b, r.jobs.CreateResult(b.Context(), result))
		r.await(b, id, jobv1.State_STATE_COMPLETED)
	}
}

// BenchmarkDispatcher_twentyShortJobs is the life of 20 jobs of one chunk, with
// workers that do nothing but store results: what the mesh adds to the work.
func BenchmarkDispatcher_twentyShortJobs(b *testing.B) {
	r := newRig(b)
	r.dispatcher(b)
	r.workers(b, 4, nil)
	completed := make(chan struct{}, 1024)
	ctx, cancel := context.WithCancel(context.Background())
	var following sync.WaitGroup
	following.Go(func() {
		_ = r.jobs.Follow(ctx, func(event job.Event) {
			if event.Job.GetState() == jobv1.State_STATE_COMPLETED {
				completed <- struct{}{}
			}
		})
	})
	b.Cleanup(func() { cancel(); following.Wait() })

	for b.Loop() {
		for range 20 {
			r.accept(b, "u", 1, nil)
		}
		for range 20 {
			<-completed
		}
	}
}
