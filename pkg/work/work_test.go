package work_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/pkg/work"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestWorker_runsATaskOnceHoweverOftenItIsQueued(t *testing.T) {
	t.Parallel()
	w := start(t, func(context.Context, *work.Run) error { return nil })

	w.queue(t, "first")
	w.waitForRuns(t, 1)
	w.waitForEmptyQueue(t)
	w.queue(t, "again")
	w.waitForEmptyQueue(t)

	if runs := w.handler.count(); runs != 1 {
		t.Errorf("ran %d times, want 1", runs)
	}
}

func TestWorker_dropsTasksThatTheRecordHasPassed(t *testing.T) {
	t.Parallel()
	w := start(t, func(context.Context, *work.Run) error { return nil })
	w.change(t, func(r *jobv1.Job) { r.State = jobv1.State_STATE_CANCELLED })

	w.queue(t, "stale")
	w.waitForEmptyQueue(t)

	if runs := w.handler.count(); runs != 0 {
		t.Errorf("ran %d times, want 0", runs)
	}
}

func TestWorker_givesUpAfterThreeAttempts(t *testing.T) {
	t.Parallel()
	w := start(t, func(context.Context, *work.Run) error { return errors.New("engine error") })

	w.queue(t, "poison")
	why := <-w.handler.failed
	w.waitForEmptyQueue(t)

	if runs := w.handler.count(); runs != work.MaxAttempts || why.Code != "internal" {
		t.Errorf("ran %d times, failed with %v", runs, why)
	}
	if w.deadLetters(t) != 1 {
		t.Error("no dead letter is kept")
	}
}

func TestWorker_failsAtOnceWhatCannotGetBetter(t *testing.T) {
	t.Parallel()
	w := start(t, func(context.Context, *work.Run) error {
		return fault.New(fault.Unprocessable, "corrupt_media", "The recording is damaged.")
	})

	w.queue(t, "corrupt")
	why := <-w.handler.failed
	w.waitForEmptyQueue(t)

	if runs := w.handler.count(); runs != 1 || why.Code != "corrupt_media" {
		t.Errorf("ran %d times, failed with %v", runs, why)
	}
}

func TestWorker_doesNotChargeWhatIsNotTheTasksFault(t *testing.T) {
	t.Parallel()
	var runs int
	alone := make(chan bool, 10)
	w := start(t, func(_ context.Context, run *work.Run) error {
		runs++
		alone <- run.Alone
		if runs <= 2*work.MaxAttempts {
			return work.Uncharged(errors.New("engine died under all"), true)
		}
		return nil
	})

	w.queue(t, "bystander")
	w.waitForRuns(t, 2*work.MaxAttempts+1)
	w.waitForEmptyQueue(t)

	if first, second := <-alone, <-alone; first || !second {
		t.Errorf("alone is %v, then %v; want false, then true", first, second)
	}
}

func TestWorker_countsADeadWorkerAsInterruption(t *testing.T) {
	t.Parallel()
	w := start(t, func(context.Context, *work.Run) error { return nil })
	// What a killed worker leaves: a run that began and never ended.
	if _, err := w.jobs.UpdateAttempts(t.Context(), w.task, func(a *jobv1.Attempts) {
		a.Running = true
		a.Interruptions = work.MaxInterruptions
	}); err != nil {
		t.Fatal(err)
	}

	w.queue(t, "hopeless")
	<-w.handler.failed
	w.waitForEmptyQueue(t)

	if runs := w.handler.count(); runs != 0 {
		t.Errorf("ran %d times, want 0: the limit of interruptions is passed", runs)
	}
}

func TestWorker_stopsWhenTheJobIsCancelled(t *testing.T) {
	t.Parallel()
	began := make(chan struct{}, 1)
	w := start(t, func(ctx context.Context, _ *work.Run) error {
		began <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	w.queue(t, "long")
	<-began

	w.change(t, func(r *jobv1.Job) { r.State = jobv1.State_STATE_CANCELLED })
	if err := w.control.Cancel(t.Context(), w.record.GetId()); err != nil {
		t.Fatal(err)
	}

	w.waitForEmptyQueue(t)
}

func TestWorker_handsItsTaskOverWhenItStops(t *testing.T) {
	t.Parallel()
	began := make(chan struct{}, 10)
	var first sync.Once
	w := start(t, func(ctx context.Context, _ *work.Run) error {
		began <- struct{}{}
		var err error
		first.Do(func() { <-ctx.Done(); err = ctx.Err() })
		return err
	})
	w.queue(t, "handover")
	<-began

	w.stop()
	w.run(t) // the next replica gets it at once, not after the lease
	<-began
	w.waitForEmptyQueue(t)

	if c := w.counters(t); c.GetAttempts() != 0 || c.GetInterruptions() != 0 {
		t.Errorf("counters %v; an orderly stop charges nothing", c)
	}
}

func TestWorker_finishesItsTaskWithinItsGrace(t *testing.T) {
	t.Parallel()
	began, finish := make(chan struct{}, 10), make(chan struct{})
	w := newRig(t, func(ctx context.Context, _ *work.Run) error {
		began <- struct{}{}
		select {
		case <-finish:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	w.grace = time.Hour
	w.run(t)
	w.queue(t, "nearly done")
	<-began

	stopped := make(chan struct{})
	go func() { defer close(stopped); w.stop() }()
	close(finish)
	<-stopped

	w.waitForEmptyQueue(t)
	if runs := w.handler.count(); runs != 1 {
		t.Errorf("ran %d times, want 1", runs)
	}
}

func TestWorker_handsItsTaskOverWhenItsGraceIsOver(t *testing.T) {
	t.Parallel()
	began := make(chan struct{}, 10)
	var first sync.Once
	w := newRig(t, func(ctx context.Context, _ *work.Run) error {
		began <- struct{}{}
		var err error
		first.Do(func() { <-ctx.Done(); err = ctx.Err() })
		return err
	})
	w.grace = 10 * time.Millisecond
	w.run(t)
	w.queue(t, "too long")
	<-began

	w.stop()
	w.run(t)
	<-began
	w.waitForEmptyQueue(t)

	if c := w.counters(t); c.GetAttempts() != 0 || c.GetInterruptions() != 0 {
		t.Errorf("counters %v; an orderly stop charges nothing", c)
	}
}

// rig is one worker over a real bus.
type rig struct {
	bus     *bus.Bus
	jobs    *job.Store
	control *job.Control
	record  *jobv1.Job
	task    *jobv1.Task
	handler *handler
	grace   time.Duration // of the workers that are started
	stop    func()
}

// handler is a stage whose work is a function; results are kept in memory.
type handler struct {
	work   func(context.Context, *work.Run) error
	failed chan *fault.Error
	lost   atomic.Pointer[error] // answers the next Fail in its stead

	mu   sync.Mutex
	done bool
	runs int
}

func (h *handler) Done(context.Context, *jobv1.Task) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.done, nil
}

func (h *handler) Run(ctx context.Context, run *work.Run) error {
	h.mu.Lock()
	h.runs++
	h.mu.Unlock()
	err := h.work(ctx, run)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.done = h.done || err == nil
	return err
}

func (h *handler) Fail(_ context.Context, _ *jobv1.Task, why *fault.Error) error {
	if err := h.lost.Swap(nil); err != nil {
		return *err
	}
	h.failed <- why
	return nil
}

func (h *handler) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.runs
}

func start(t *testing.T, do func(context.Context, *work.Run) error) *rig {
	t.Helper()
	r := newRig(t, do)
	r.run(t)
	return r
}

// newRig is a rig without a worker.
func newRig(t *testing.T, do func(context.Context, *work.Run) error) *rig {
	t.Helper()
	b := testkit.Bus(t, "demo")
	jobs, err := job.Open(t.Context(), b.JS)
	if err != nil {
		t.Fatal(err)
	}
	control, err := job.NewControl(b.NC)
	if err != nil {
		t.Fatal(err)
	}
	record := &jobv1.Job{Id: "0198c0de-0000-7000-8000-000000000001", UserId: "ann", Attempt: 1, State: jobv1.State_STATE_TRANSCRIBING, Chunks: 1}
	if _, err := jobs.Create(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	return &rig{
		bus: b, jobs: jobs, control: control, record: record,
		task:    &jobv1.Task{JobId: record.GetId(), UserId: "ann", Attempt: 1, Stage: jobv1.Stage_STAGE_ASR},
		handler: &handler{work: do, failed: make(chan *fault.Error, 10)},
	}
}

// run starts a worker; stop and the end of the test end it.
func (r *rig) run(t *testing.T) {
	t.Helper()
	r.runFrom(t, r.source(), bus.Lease)
}

func (r *rig) source() work.Source {
	return work.NewDurable(r.bus.JS, bus.StreamTasks, bus.ConsumerASR("demo"), 30*time.Second)
}

func (r *rig) runFrom(t *testing.T, source work.Source, lease time.Duration) {
	t.Helper()
	w := &work.Worker{
		Name: t.Name(), Handler: r.handler, Jobs: r.jobs, Control: r.control, Conn: r.bus.NC, JS: r.bus.JS,
		Source: source, Log: testkit.Log(t), Beat: 50 * time.Millisecond, Lease: lease, RetryDelay: time.Millisecond,
		Grace: r.grace,
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	r.stop = func() { cancel(); <-done }
	t.Cleanup(r.stop)
}

func (r *rig) queue(t *testing.T, why string) {
	t.Helper()
	r.queueTask(t, r.task, why)
}

func (r *rig) queueTask(t *testing.T, task *jobv1.Task, why string) {
	t.Helper()
	data, err := proto.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.bus.JS.Publish(t.Context(), job.TaskSubject(task, "demo", jobv1.Priority_PRIORITY_NORMAL), data); err != nil {
		t.Fatalf("queue %s: %v", why, err)
	}
}

func (r *rig) change(t *testing.T, change func(*jobv1.Job)) {
	t.Helper()
	_, _, err := r.jobs.Update(t.Context(), r.record.GetId(), func(j *jobv1.Job) error { change(j); return nil })
	if err != nil {
		t.Fatal(err)
	}
}

func (r *rig) counters(t *testing.T) *jobv1.Attempts {
	t.Helper()
	counters, err := r.jobs.UpdateAttempts(t.Context(), r.task, func(*jobv1.Attempts) {})
	if err != nil {
		t.Fatal(err)
	}
	return counters
}

func (r *rig) waitForRuns(t *testing.T, n int) {
	t.Helper()
	testkit.Eventually(t, "the task runs", func() bool { return r.handler.count() >= n })
}

func (r *rig) waitForEmptyQueue(t *testing.T) {
	t.Helper()
	testkit.Eventually(t, "the queue is empty", func() bool { return r.messages(t, bus.StreamTasks) == 0 })
}

func (r *rig) deadLetters(t *testing.T) uint64 { return r.messages(t, bus.StreamDead) }

func (r *rig) messages(t *testing.T, name string) uint64 {
	t.Helper()
	var stream jetstream.Stream
	stream, err := r.bus.JS.Stream(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return stream.CachedInfo().State.Msgs
}
