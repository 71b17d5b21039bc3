package work

import (
	"cmp"
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

// errTooOften is what a job fails with whose task never failed by itself.
var errTooOften = fault.New(fault.Internal, "internal", "The recording could not be processed; several attempts failed.")

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
	case ctx.Err() != nil: // we stop: let another have it at once
		l.giveBack(0)
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
	why := verdict(counters)
	switch {
	case counters.GetAttempts() >= MaxAttempts || counters.GetInterruptions() > MaxInterruptions:
		w.giveUp(l, counters, cmp.Or(why, errTooOften))
	case why != nil: // it is known already, but did not get through
		w.fail(l, why)
	default:
		w.run(ctx, l, &Run{Task: l.task, Job: record, Alone: counters.GetAlone(), worker: w})
	}
}

func (w *Worker) run(ctx context.Context, l *lease, run *Run) {
	runCtx, cancel := context.WithCancelCause(ctx)
	stopBeat := l.keep(runCtx, cancel)
	err := w.Handler.Run(runCtx, run)
	gone := errors.Is(context.Cause(runCtx), errGone)
	cancel(nil)
	stopBeat()
	w.settle(ctx, l, err, gone)
}

func (w *Worker) begin(ctx context.Context, task *jobv1.Task) (*jobv1.Attempts, error) {
	return w.Jobs.UpdateAttempts(ctx, task, func(a *jobv1.Attempts) {
		if a.GetVerdict() != nil {
			return // nothing will run
		}
		if a.GetRunning() {
			a.Interruptions++
		}
		a.Running = true
		a.Worker = w.Name
		a.StartedAt = timestamppb.New(time.Now())
	})
}

func attributes(task *jobv1.Task, more ...any) []any {
	return append([]any{"job", task.GetJobId(), "attempt", task.GetAttempt(), "chunk", task.GetChunk()}, more...)
}
