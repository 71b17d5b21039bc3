package work

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// errGone is the cause of a run's context when the job needs it no more.
var errGone = errors.New("the job needs this no more")

// serve takes one message to its end. Whatever cannot be settled now (the bus
// is away) comes again when the lease is over.
func (w *Worker) serve(ctx context.Context, msg jetstream.Msg) {
	task := &jobv1.Task{}
	if err := proto.Unmarshal(msg.Data(), task); err != nil {
		w.Log.Error("task cannot be read; dropped", "subject", msg.Subject(), "err", err)
		w.ack(msg)
		return
	}
	l := &lease{worker: w, msg: msg, task: task, renewed: time.Now()}
	record, needed, err := w.needed(ctx, task)
	switch {
	case err != nil:
		l.giveBack(time.Second)
	case !needed:
		w.ack(msg)
	default:
		w.attempt(ctx, l, record)
	}
}

// needed reads the record and tells whether the task is still to be done.
func (w *Worker) needed(ctx context.Context, task *jobv1.Task) (*jobv1.Job, bool, error) {
	record, _, err := w.Jobs.Get(ctx, task.GetJobId())
	if fault.Is(err, fault.NotFound) {
		return nil, false, nil
	}
	if err != nil || stale(task, record) {
		return nil, false, err
	}
	done, err := w.Handler.Done(ctx, task)
	return record, !done, err
}

// stale reports whether a record has moved past a task.
func stale(task *jobv1.Task, record *jobv1.Job) bool {
	if job.Terminal(record.GetState()) || record.GetAttempt() != task.GetAttempt() {
		return true
	}
	if task.GetStage() == jobv1.Stage_STAGE_PRE {
		return record.GetState() > jobv1.State_STATE_PREPROCESSING
	}
	return job.IsDone(record, task.GetChunk())
}

// attempt counts the run before it begins, so that a death under it is seen,
// and settles it by how it ends.
func (w *Worker) attempt(ctx context.Context, l *lease, record *jobv1.Job) {
	counters, err := w.begin(ctx, l.task)
	if err != nil {
		l.giveBack(time.Second)
		return
	}
	if counters.GetAttempts() >= MaxAttempts || counters.GetInterruptions() > MaxInterruptions {
		w.giveUp(l, counters, fault.New(fault.Internal, "internal", "The recording could not be processed; several attempts failed."))
		return
	}
	runCtx, cancel := context.WithCancelCause(ctx)
	stopBeat := l.keep(runCtx, cancel)
	run := &Run{Task: l.task, Job: record, Alone: counters.GetAlone(), worker: w}
	err = w.Handler.Run(runCtx, run)
	gone := errors.Is(context.Cause(runCtx), errGone)
	cancel(nil)
	stopBeat()
	w.settle(ctx, l, err, gone)
}

func (w *Worker) begin(ctx context.Context, task *jobv1.Task) (*jobv1.Attempts, error) {
	return w.Jobs.UpdateAttempts(ctx, task, func(a *jobv1.Attempts) {
		if a.GetRunning() {
			a.Interruptions++
		}
		a.Running = true
		a.Worker = w.Name
		a.StartedAt = timestamppb.New(time.Now())
	})
}

func (w *Worker) settle(ctx context.Context, l *lease, err error, gone bool) {
	alone, free := isUncharged(err)
	switch {
	case err == nil, gone:
		w.ack(l.msg)
	case ctx.Err() != nil: // we stop, not the task
		w.end(l, func(*jobv1.Attempts) {})
		l.giveBack(0)
	case free:
		w.Log.Warn("task interrupted", attributes(l.task, "err", err)...)
		w.interrupted(l, alone)
		l.giveBack(0)
	case fault.Permanent(err):
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
		a.Alone = false
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
	if err := w.Handler.Fail(ctx, l.task, why); err != nil && !fault.Is(err, fault.Conflict) {
		w.Log.Warn("failure not recorded", attributes(l.task, "err", err)...)
		l.giveBack(time.Second)
		return
	}
	w.ack(l.msg)
}

// settleContext is detached on purpose: a process that stops still settles.
func settleContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 10*time.Second)
}

func attributes(task *jobv1.Task, more ...any) []any {
	return append([]any{"job", task.GetJobId(), "attempt", task.GetAttempt(), "chunk", task.GetChunk()}, more...)
}
