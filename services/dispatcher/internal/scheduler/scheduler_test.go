package scheduler_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/scheduler"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/tasks"
)

func TestScheduler_keepsTheReadyQueueShort(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t, "demo")
	s := start(t, b, scheduler.Limits{})

	for n := range 50 {
		s.Observe(queued(fmt.Sprint("j", n), "u"))
	}

	testkit.Eventually(t, "two tasks are ready for no workers", func() bool { return ready(t, b) == 2 })
	s.Recheck()
	const taken = 5
	for range taken {
		take(t, b, s)
	}
	testkit.Eventually(t, "the places are filled", func() bool { return published(t, b) >= 2+taken })

	if n := published(t, b); n > 2+taken+1 { // one more for the worker that was seen
		t.Errorf("%d tasks were published while %d were taken", n, taken)
	}
}

// TestScheduler_preparesNoMoreThanIsTranscribed has recordings of an hour, by
// their size, and room for one and a half.
func TestScheduler_preparesNoMoreThanIsTranscribed(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t, "demo")
	s := start(t, b, scheduler.Limits{Ahead: 90 * time.Minute})
	for n := range 5 {
		s.Observe(hour(fmt.Sprintf("a%d", n), "a"))
	}
	prepare := func() *jobv1.Job { // as a worker does
		record := hour(take(t, b, nil), "a")
		record.State, record.Chunks = jobv1.State_STATE_TRANSCRIBING, 2
		record.Media = &jobv1.Media{DurationMs: time.Hour.Milliseconds()}
		return record
	}
	first, second := prepare(), prepare()
	s.Observe(first)
	s.Observe(second)

	s.Observe(hour("b", "b"))
	if got := take(t, b, nil); got != "b" {
		t.Fatalf("%s is prepared while two hours wait, want the job of a user who has none", got)
	}
	half := proto.CloneOf(first)
	job.SetDone(half, 0)
	half.DoneMs = 45 * time.Minute.Milliseconds()
	s.Observe(half)
	s.Forget("b")
	s.Recheck()

	if got := take(t, b, nil); got != "a2" {
		t.Errorf("%s is prepared, want a2: one hour and a quarter wait", got)
	}
	if n := ready(t, b); n != 0 {
		t.Errorf("%d more are prepared with two hours and a quarter waiting", n)
	}
}

// TestScheduler_preparesAgainWhatWasLost purges the task of a job that counts
// against its user itself.
func TestScheduler_preparesAgainWhatWasLost(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t, "demo")
	s := start(t, b, scheduler.Limits{Ahead: time.Minute, PerUser: 1})
	s.Observe(hour("j", "u"))
	testkit.Eventually(t, "the task is queued", func() bool { return ready(t, b) == 1 })
	stream, err := b.JS.Stream(t.Context(), bus.StreamTasks)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}

	s.Recheck()

	if got := take(t, b, s); got != "j" {
		t.Errorf("%s is prepared", got)
	}
	s.Observe(hour("k", "u")) // the first one is over
	if got := take(t, b, s); got != "k" {
		t.Errorf("%s is prepared", got)
	}
}

func TestScheduler_letsAShortJobPassALongLine(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t, "demo")
	s := start(t, b, scheduler.Limits{})
	for n := range 100 {
		s.Observe(queued(fmt.Sprintf("a%03d", n), "a"))
	}
	testkit.Eventually(t, "the queue is filled", func() bool { return ready(t, b) == 2 })

	s.Observe(queued("b", "b"))
	var order []string
	for range 4 { // one worker that takes task after task
		order = append(order, take(t, b, s))
	}

	if !slices.Contains(order, "b") {
		t.Errorf("b waits behind %v", order)
	}
}

func TestScheduler_publishesNothingForWhatIsOver(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t, "demo")
	s := start(t, b, scheduler.Limits{})
	cancelled := queued("cancelled", "u")
	cancelled.State = jobv1.State_STATE_CANCELLED

	s.Observe(cancelled)
	s.Observe(queued("wanted", "v"))

	if got := take(t, b, s); got != "wanted" {
		t.Errorf("%s was published", got)
	}
	if n := ready(t, b); n != 0 {
		t.Errorf("%d more tasks are ready", n)
	}
}

func TestScheduler_movesAJobToTheLaneOfItsModel(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t) // no consumer for the model
	s := start(t, b, scheduler.Limits{})
	subjects := make(chan *nats.Msg, 8)
	sub, err := b.NC.ChanSubscribe(job.ModelTasks("other"), subjects)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sub.Unsubscribe() })
	record := queued("j", "u")
	s.Observe(record)
	moved := proto.CloneOf(record)
	moved.State, moved.Chunks = jobv1.State_STATE_TRANSCRIBING, 1
	moved.Options.ResolvedModel = "other"

	s.Observe(moved)

	task := &jobv1.Task{}
	if err := proto.Unmarshal((<-subjects).Data, task); err != nil || task.GetStage() != jobv1.Stage_STAGE_ASR {
		t.Errorf("got %v, %v", task, err)
	}
}

func start(t *testing.T, b *bus.Bus, limits scheduler.Limits) *scheduler.Scheduler {
	t.Helper()
	s := scheduler.New(tasks.NewQueue(b.JS), limits, 10*time.Millisecond, testkit.Log(t))
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return s
}

// ready returns how many tasks of preprocessing wait.
func ready(t *testing.T, b *bus.Bus) int {
	t.Helper()
	depth, err := tasks.NewQueue(b.JS).Depth(t.Context(), tasks.Lane{Stage: jobv1.Stage_STAGE_PRE})
	if err != nil {
		t.Fatal(err)
	}
	return depth.Ready
}

// published returns how many tasks were ever stored.
func published(t *testing.T, b *bus.Bus) uint64 {
	t.Helper()
	stream, err := b.JS.Stream(t.Context(), bus.StreamTasks)
	if err != nil {
		t.Fatal(err)
	}
	return stream.CachedInfo().State.LastSeq
}

// take does the next task as a worker would, and returns its job, which is then
// over unless s is nil.
func take(t *testing.T, b *bus.Bus, s *scheduler.Scheduler) string {
	t.Helper()
	consumer, err := b.JS.Consumer(t.Context(), bus.StreamTasks, bus.ConsumerPre)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := consumer.Next(jetstream.FetchMaxWait(testkit.Patience))
	if err != nil {
		t.Fatal(err)
	}
	task := &jobv1.Task{}
	if err := proto.Unmarshal(msg.Data(), task); err != nil {
		t.Fatal(err)
	}
	if s != nil {
		s.Forget(task.GetJobId())
	}
	if err := msg.DoubleAck(t.Context()); err != nil {
		t.Fatal(err)
	}
	return task.GetJobId()
}

// hour is a queued job whose recording has an hour, if it is an ordinary MP3.
func hour(id, user string) *jobv1.Job {
	record := queued(id, user)
	record.Input.Size = 3600 * 16_000
	record.CreatedAt = timestamppb.New(time.Unix(0, 0)) // so that the ids order them
	return record
}

func queued(id, user string) *jobv1.Job {
	return &jobv1.Job{
		Id: id, UserId: user, Attempt: 1, State: jobv1.State_STATE_QUEUED,
		Options: &jobv1.Options{ResolvedModel: "demo", Language: "en"},
		Input:   &jobv1.Input{Size: 1 << 20}, CreatedAt: timestamppb.New(time.Now()),
	}
}

func TestScheduler_warnsOnceThatNothingCanBeQueued(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t, "demo")
	if err := b.JS.DeleteStream(t.Context(), bus.StreamTasks); err != nil {
		t.Fatal(err)
	}
	said := &levels{}
	s := scheduler.New(tasks.NewQueue(b.JS), scheduler.Limits{}, 10*time.Millisecond, slog.New(said))
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })

	s.Observe(queued("j", "u"))

	testkit.Eventually(t, "it has failed three times", func() bool { return said.warnings.Load()+said.others.Load() >= 3 })
	if n := said.warnings.Load(); n != 1 {
		t.Errorf("warned %d times", n)
	}
}

// levels counts what is logged.
type levels struct{ warnings, others atomic.Int64 }

func (l *levels) Enabled(context.Context, slog.Level) bool { return true }
func (l *levels) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *levels) WithGroup(string) slog.Handler            { return l }

func (l *levels) Handle(_ context.Context, record slog.Record) error {
	if record.Level == slog.LevelWarn {
		l.warnings.Add(1)
	} else {
		l.others.Add(1)
	}
	return nil
}
