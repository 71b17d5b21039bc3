package work

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// lease is our claim on one message.
type lease struct {
	worker *Worker
	msg    jetstream.Msg
	task   *jobv1.Task

	mu      sync.Mutex
	renewed time.Time
}

// keep renews the lease at each beat and ends the run when the job needs it no
// more. The returned function stops that and waits.
func (l *lease) keep(ctx context.Context, cancel context.CancelCauseFunc) (stop func()) {
	check := make(chan struct{}, 1)
	unwatch := l.worker.Control.Watch(l.task.GetJobId(), func() {
		select {
		case check <- struct{}{}:
		default:
		}
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(l.worker.Beat)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-check:
			case <-ticker.C:
				l.renew()
			}
			if l.gone(ctx) {
				cancel(errGone)
				return
			}
		}
	}()
	return func() { unwatch(); <-done }
}

func (l *lease) renew() {
	if l.msg.InProgress() != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.renewed = time.Now()
}

// gone reads the record again. When the bus does not answer the work goes on:
// its result is a fact that can only help.
func (l *lease) gone(ctx context.Context) bool {
	record, _, err := l.worker.Jobs.Get(ctx, l.task.GetJobId())
	if err != nil {
		return fault.Is(err, fault.NotFound)
	}
	return stale(l.task, record)
}

// lost reports whether the queue may have given the task to somebody else.
func (l *lease) lost() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Since(l.renewed) >= l.worker.Lease
}

// giveBack lets the task run again after delay. A lease that is lost is not
// given back: that would start a third run beside the second.
func (l *lease) giveBack(delay time.Duration) {
	if l.lost() {
		return
	}
	var err error
	if delay > 0 {
		err = l.msg.NakWithDelay(delay)
	} else {
		err = l.msg.Nak()
	}
	if err != nil {
		l.worker.Log.Debug("task not given back", attributes(l.task, "err", err)...)
	}
}

// ack tells the queue that the task is done, and waits for its word. Without it
// the task comes again, finds its result and is acknowledged then.
func (w *Worker) ack(msg jetstream.Msg) {
	ctx, cancel := settleContext()
	defer cancel()
	if err := msg.DoubleAck(ctx); err != nil {
		w.Log.Debug("task not acknowledged", "subject", msg.Subject(), "err", err)
	}
}
