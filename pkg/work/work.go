// Package work is the loop of every worker: it pulls one task at a time, drops
// the ones that need not run any more, counts attempts, keeps the lease, stops
// when the job is cancelled, and settles the message when all is stored. A
// stage (preprocess, transcriber) supplies the Handler that does the work.
//
// The order is always: store the result, then acknowledge. A worker that dies
// in between leaves a task whose result exists; the next one acknowledges it.
package work

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Limits of one task. An attempt is a run that ended with an error of its own;
// an interruption is a run whose worker or child process was ended under it.
const (
	MaxAttempts      = 3
	MaxInterruptions = 100
)

// Handler is the work of one stage. Its methods are called by many workers at
// once, for different tasks.
type Handler interface {
	// Done reports whether the task's result is already stored.
	Done(ctx context.Context, task *jobv1.Task) (bool, error)
	// Run does the task and stores its result; storing twice is harmless. A
	// permanent fault (fault.Permanent) fails the job; an error marked by
	// Uncharged is retried at once, one marked by Waiting after its pause; any
	// other is retried after a while, up to MaxAttempts. ctx ends when the job is
	// cancelled or the process stops.
	Run(ctx context.Context, run *Run) error
	// Fail stores that the task cannot be done.
	Fail(ctx context.Context, task *jobv1.Task, why *fault.Error) error
}

// Run is one try at a task.
type Run struct {
	Task *jobv1.Task
	Job  *jobv1.Job // as read before the run; not to be changed
	// Alone asks for an engine without company: the last run died in an engine
	// that others were using too.
	Alone  bool
	worker *Worker
	noted  time.Time
}

// noteEvery bounds how often progress is published.
const noteEvery = 200 * time.Millisecond

// Progress notes that doneMs of totalMs of audio are done (0: total unknown).
// It may be called as often as is handy, from one goroutine.
func (r *Run) Progress(doneMs, totalMs int64) {
	if time.Since(r.noted) < noteEvery {
		return
	}
	r.noted = time.Now()
	data, err := proto.Marshal(&jobv1.Progress{
		JobId: r.Task.GetJobId(), Attempt: r.Task.GetAttempt(), Stage: r.Task.GetStage(),
		Chunk: r.Task.GetChunk(), DoneMs: doneMs, TotalMs: totalMs,
	})
	if err == nil {
		// Lossy by design: a lost note is overtaken by the next.
		_ = r.worker.Conn.Publish(job.ProgressSubject(r.Task.GetUserId(), r.Task.GetJobId()), data)
	}
}

// Worker runs tasks one after the other. All exported fields but RetryDelay and
// Grace are needed.
type Worker struct {
	Name    string // unique in the mesh, for example "transcriber-3f2a/0"
	Source  Source
	Handler Handler
	Jobs    *job.Store
	Control *job.Control
	Conn    *nats.Conn
	JS      jetstream.JetStream
	Log     *slog.Logger
	// Beat is how often the lease is renewed and the record read again.
	Beat time.Duration
	// Lease is how long the queue waits for a beat.
	Lease time.Duration
	// RetryDelay is the pause after the first failed attempt; it doubles with
	// each one, up to a minute. 0 means 5 s.
	RetryDelay time.Duration
	// Grace is how long the task in hand may go on when the worker is to stop. What
	// is not done by then is given back.
	Grace time.Duration

	starved bool // the last pull failed; Run's own
}

// Run works until ctx ends. The task in hand then has Grace to come to its end, and
// is stopped and given back at once, uncharged, when it has not.
func (w *Worker) Run(ctx context.Context) {
	serving, stop := outlive(ctx, w.Grace)
	defer stop()
	for ctx.Err() == nil {
		msg, err := w.Source.Next(ctx)
		if err != nil {
			w.pause(ctx, err)
			continue
		}
		w.starved = false
		w.serve(serving, msg)
	}
}

// outlive returns a context that ends grace after ctx.
func outlive(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	if grace <= 0 {
		return ctx, func() {}
	}
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var timer *time.Timer
	armed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		timer = time.AfterFunc(grace, cancel)
		close(armed)
	})
	return longer, func() {
		if !stop() {
			<-armed
			timer.Stop()
		}
		cancel()
	}
}

// pause keeps a worker that cannot reach the queue from spinning.
func (w *Worker) pause(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	if errors.Is(err, ErrEmpty) {
		w.starved = false
		return
	}
	level := slog.LevelWarn
	if w.starved { // it was said
		level = slog.LevelDebug
	}
	w.starved = true
	w.Log.Log(ctx, level, "no task to be had", "worker", w.Name, "err", err)
	select {
	case <-ctx.Done():
	case <-time.After(250 * time.Millisecond):
	}
}
