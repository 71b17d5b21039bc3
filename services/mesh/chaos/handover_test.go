//go:build chaos

package chaos_test

import (
	"context"
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
	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
)

// A worker is told to stop when it has its task and did not begin. The task is given
// back at once: the lease lasts an hour, so that it would not come again by itself.
func TestF25_stopBetweenReplyAndHandler(t *testing.T) {
	t.Parallel()
	chaos.Case(t)
	q := newQueue(t)
	q.publish(t)
	stopping, stop := context.WithCancel(t.Context())
	worker := q.worker(t, stopsAfterwards{q.source(), stop}, func() { t.Error("it began") })

	worker.Run(stopping)

	q.awaitAnother(t)
}

// stopsAfterwards stops its worker as soon as it has a task.
type stopsAfterwards struct {
	work.Source
	stop func()
}

func (s stopsAfterwards) Next(ctx context.Context) (jetstream.Msg, error) {
	msg, err := s.Source.Next(ctx)
	s.stop()
	return msg, err
}

// queue is one chunk of one job, to be transcribed.
type queue struct {
	*bus.Bus
	server *chaos.Server
	task   *jobv1.Task
}

func newQueue(t *testing.T) *queue {
	t.Helper()
	server := chaos.StartServer(t)
	q := &queue{Bus: server.Connect(), server: server, task: &jobv1.Task{
		JobId: "0198c0de-0000-7000-8000-000000000001", UserId: "ann", Attempt: 1, Stage: jobv1.Stage_STAGE_ASR,
	}}
	config := q.info(t).Config
	config.AckWait = time.Hour
	if _, err := q.JS.UpdateConsumer(t.Context(), bus.StreamTasks, config); err != nil {
		t.Fatal(err)
	}
	record := &jobv1.Job{Id: q.task.GetJobId(), UserId: "ann", Attempt: 1, State: jobv1.State_STATE_TRANSCRIBING, Chunks: 1}
	if _, err := records(t, q.Bus).Create(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	return q
}

func (q *queue) info(t *testing.T) *jetstream.ConsumerInfo {
	t.Helper()
	info := chaos.Consumer(t, q.Bus, bus.StreamTasks, bus.ConsumerASR("demo"))
	if info == nil {
		t.Fatal("there is no consumer")
	}
	return info
}

func (q *queue) source() work.Source {
	return work.NewDurable(q.JS, bus.StreamTasks, bus.ConsumerASR("demo"), time.Minute)
}

func (q *queue) publish(t *testing.T) {
	t.Helper()
	data, err := proto.Marshal(q.task)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.JS.Publish(t.Context(), job.TaskSubject(q.task, "demo", jobv1.Priority_PRIORITY_NORMAL), data); err != nil {
		t.Fatal(err)
	}
}

// awaitAnother has another worker wait for the task.
func (q *queue) awaitAnother(t *testing.T) {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), testkit.Patience)
	defer done()
	ran := false
	q.worker(t, q.source(), func() { ran = true; done() }).Run(ctx)
	if !ran {
		t.Error("the task was not given back")
	}
}

func (q *queue) worker(t *testing.T, source work.Source, began func()) *work.Worker {
	t.Helper()
	control, err := job.NewControl(q.NC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = control.Close() })
	return &work.Worker{
		Name: t.Name(), Source: source, Handler: handler(began), Jobs: records(t, q.Bus), Control: control,
		Conn: q.NC, JS: q.JS, Log: testkit.Log(t), Beat: bus.Beat, Lease: time.Hour,
	}
}

// handler is work that is done as soon as it has begun.
type handler func()

func (handler) Done(context.Context, *jobv1.Task) (bool, error) { return false, nil }

func (began handler) Run(context.Context, *work.Run) error { began(); return nil }

func (handler) Fail(context.Context, *jobv1.Task, *fault.Error) error { return nil }
