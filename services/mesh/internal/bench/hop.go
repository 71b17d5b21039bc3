package bench

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/work"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// hop sends tasks to a worker that waits for them, one at a time.
func (b *bench) hop(ctx context.Context) ([]Row, error) {
	s, err := b.openBackstage(ctx)
	if err != nil {
		return nil, err
	}
	defer s.close()
	control, err := job.NewControl(s.NC)
	if err != nil {
		return nil, err
	}
	w := &waiter{received: make(chan time.Time, 1), begun: make(chan time.Time, 1)}
	w.Source = work.NewDurable(s.JS, bus.StreamTasks, bus.ConsumerPre, 30*time.Second)
	s.stack.OnStop("cancellations", func() { _ = control.Close() }) // the bus goes next
	worker := &work.Worker{
		Name: "bench", Source: w, Handler: w, Jobs: s.jobs, Control: control, Conn: s.NC, JS: s.JS, Log: s.log,
		Beat: bus.Beat, Lease: bus.Lease,
	}
	s.stack.Go("worker", func(ctx context.Context) error { worker.Run(ctx); return nil })
	var received, begun durations
	for range b.cfg.Sizes.Hops {
		sent, err := s.send(ctx)
		if err != nil {
			return nil, err
		}
		begin, err := next(ctx, w.begun)
		if err != nil {
			return nil, err
		}
		received, begun = append(received, (<-w.received).Sub(sent)), append(begun, begin.Sub(sent))
	}
	return []Row{
		latency("published to received by a waiting worker", received, "budget 5/40 ms"),
		latency("published to begun: record read, attempt written", begun, "two synced writes"),
	}, nil
}

// send publishes a task as soon as the worker waits, and tells when it began to.
func (s *backstage) send(ctx context.Context) (time.Time, error) {
	task, err := s.accept(ctx, "files/none", "")
	if err != nil {
		return time.Time{}, err
	}
	err = until(ctx, func() (bool, error) {
		consumer, err := s.JS.Consumer(ctx, bus.StreamTasks, bus.ConsumerPre)
		if err != nil {
			return false, err
		}
		info := consumer.CachedInfo()
		return info.NumWaiting == 1 && info.NumAckPending == 0 && info.NumPending == 0, nil
	})
	if err != nil {
		return time.Time{}, err
	}
	sent := time.Now()
	return sent, s.queue(ctx, task)
}

// waiter is a worker's source and handler that notes when tasks come.
type waiter struct {
	work.Source
	received, begun chan time.Time
}

// Next implements work.Source.
func (w *waiter) Next(ctx context.Context) (jetstream.Msg, error) {
	msg, err := w.Source.Next(ctx)
	if err == nil {
		w.received <- time.Now()
	}
	return msg, err
}

// Done implements work.Handler.
func (w *waiter) Done(context.Context, *jobv1.Task) (bool, error) { return false, nil }

// Run implements work.Handler.
func (w *waiter) Run(context.Context, *work.Run) error {
	w.begun <- time.Now()
	return nil
}

// Fail implements work.Handler; Run never fails.
func (w *waiter) Fail(_ context.Context, _ *jobv1.Task, why *fault.Error) error { return why }

// next waits for a time. A task whose worker never begins is an error.
func next(ctx context.Context, times <-chan time.Time) (time.Time, error) {
	select {
	case at := <-times:
		return at, nil
	case <-time.After(startLimit):
		return time.Time{}, errors.New("the worker did not begin")
	case <-ctx.Done():
		return time.Time{}, context.Cause(ctx)
	}
}
