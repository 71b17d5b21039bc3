package work

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/crash"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// settle makes of the end of a run what the queue, the counters and the job are
// told.
func (w *Worker) settle(ctx context.Context, l *lease, err error, gone bool) {
	alone, free := isUncharged(err)
	pause, waits := isWaiting(err)
	switch {
	case err == nil, gone:
		crash.Point(crash.BeforeAck)
		w.ack(l.msg)
	case ctx.Err() != nil: // we stop, not the task
		w.end(l, func(*jobv1.Attempts) {})
		l.giveBack(0)
	case waits:
		w.Log.Warn("task waits", attributes(l.task, "err", err)...)
		w.end(l, func(*jobv1.Attempts) {})
		l.giveBack(pause)
	case free:
		w.Log.Warn("task interrupted", attributes(l.task, "err", err)...)
		w.interrupted(l, alone)
		l.giveBack(0)
	case fault.Permanent(err):
		w.end(l, func(a *jobv1.Attempts) { a.Verdict = errorOf(fault.Of(err)) })
		w.fail(l, fault.Of(err))
	default:
		w.retry(l, err)
	}
}

// retry charges the attempt and gives the task back, or gives it up.
func (w *Worker) retry(l *lease, err error) {
	w.Log.Warn("task failed", attributes(l.task, "err", err)...)
	counters := w.end(l, func(a *jobv1.Attempts) {
		a.Attempts++
		a.LastError = err.Error()
		a.Alone = false
		if a.GetAttempts() >= MaxAttempts {
			a.Verdict = errorOf(fault.Of(err))
		}
	})
	if counters.GetAttempts() >= MaxAttempts {
		w.giveUp(l, counters, fault.Of(err))
		return
	}
	l.giveBack(w.delay(counters.GetAttempts()))
}

func (w *Worker) delay(attempts uint32) time.Duration {
	first := w.RetryDelay
	if first == 0 {
		first = 5 * time.Second
	}
	return min(first<<(max(attempts, 1)-1), time.Minute)
}

// interrupted counts a run that ended through no fault of the task. The count
// is bounded all the same: nothing runs for ever.
func (w *Worker) interrupted(l *lease, alone bool) {
	w.end(l, func(a *jobv1.Attempts) {
		a.Interruptions++
		a.Alone = alone
	})
}

// end writes down how a run ended in an orderly way. When the bus is away the
// run later counts as interrupted, which errs on the side of the task.
func (w *Worker) end(l *lease, count func(*jobv1.Attempts)) *jobv1.Attempts {
	ctx, cancel := settleContext()
	defer cancel()
	counters, err := w.Jobs.UpdateAttempts(ctx, l.task, func(a *jobv1.Attempts) {
		a.Running = false
		count(a)
	})
	if err != nil {
		w.Log.Warn("attempt not recorded", attributes(l.task, "err", err)...)
		return &jobv1.Attempts{}
	}
	return counters
}

// giveUp keeps the task as a dead letter for operators and fails the job.
func (w *Worker) giveUp(l *lease, counters *jobv1.Attempts, why *fault.Error) {
	w.Log.Error("task given up", attributes(l.task, "attempts", counters.GetAttempts(),
		"interruptions", counters.GetInterruptions(), "last_error", counters.GetLastError())...)
	ctx, cancel := settleContext()
	defer cancel()
	letter, err := proto.Marshal(&jobv1.DeadLetter{
		Task: l.task, Reason: why.Code, Attempts: counters, CreatedAt: timestamppb.New(time.Now()),
	})
	if err == nil {
		_, err = w.JS.Publish(ctx, job.DeadLetterSubject(l.task), letter)
	}
	if err != nil {
		w.Log.Warn("dead letter not kept", attributes(l.task, "err", err)...)
	}
	w.fail(l, why)
}

func (w *Worker) fail(l *lease, why *fault.Error) {
	ctx, cancel := settleContext()
	defer cancel()
	err := w.Handler.Fail(ctx, l.task, why)
	if err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.NotFound) { // else the job is over or gone
		w.Log.Warn("failure not recorded", attributes(l.task, "err", err)...)
		l.giveBack(time.Second)
		return
	}
	w.ack(l.msg)
}

// errorOf and verdict keep, beside the counters, what a task fails with: a run
// that finds it only has to store it.
func errorOf(why *fault.Error) *jobv1.Error {
	return &jobv1.Error{Code: why.Code, Message: why.Message}
}

func verdict(counters *jobv1.Attempts) *fault.Error {
	why := counters.GetVerdict()
	if why == nil {
		return nil
	}
	return fault.New(fault.Internal, why.GetCode(), why.GetMessage())
}

// settleContext is detached on purpose: a process that stops still settles.
func settleContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 10*time.Second)
}
