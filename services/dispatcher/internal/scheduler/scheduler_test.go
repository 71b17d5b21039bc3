package scheduler_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
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
	s := start(t, b)

	for n := range 50 {
		s.Observe(queued(fmt.Sprint("j", n), "u"))
	}

	testkit.Eventually(t, "two tasks are ready for no workers", func() bool { return ready(t, b) == 2 })
	s.Recheck()
	s.Observe(queued("last", "v"))
	if n := ready(t, b); n > 2 {
		t.Errorf("%d tasks are ready", n)
	}
}

func TestScheduler_letsAShortJobPassALongLine(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t, "demo")
	s := start(t, b)
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
	s := start(t, b)
	cancelled := queued("cancelled", "u")
	cancelled.State = jobv1.State_STATE_CANCELLED
	late := queued("late", "u")
	late.NotBefore = timestamppb.New(time.Now().Add(time.Hour))

	s.Observe(cancelled)
	s.Observe(late)
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
	s := start(t, b)
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

func start(t *testing.T, b *bus.Bus) *scheduler.Scheduler {
	t.Helper()
	s := scheduler.New(tasks.NewQueue(b.JS), 0, 10*time.Millisecond, testkit.Log(t))
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

// take does the next task as a worker would, and returns its job.
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
	s.Forget(task.GetJobId())
	if err := msg.DoubleAck(t.Context()); err != nil {
		t.Fatal(err)
	}
	return task.GetJobId()
}

func queued(id, user string) *jobv1.Job {
	return &jobv1.Job{
		Id: id, UserId: user, Attempt: 1, State: jobv1.State_STATE_QUEUED,
		Options: &jobv1.Options{ResolvedModel: "demo", Language: "en"},
		Input:   &jobv1.Input{Size: 1 << 20}, CreatedAt: timestamppb.New(time.Now()),
	}
}
