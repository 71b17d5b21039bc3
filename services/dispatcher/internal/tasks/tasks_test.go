package tasks_test

import (
	"slices"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/tasks"
)

var demo = tasks.Lane{Stage: jobv1.Stage_STAGE_ASR, Model: "demo"}

func TestQueue_takesATaskOnce(t *testing.T) {
	t.Parallel()
	queue := tasks.NewQueue(testkit.Bus(t, "demo").JS)
	task := &jobv1.Task{JobId: "j", UserId: "u", Attempt: 1, Stage: jobv1.Stage_STAGE_ASR, Chunk: 3}

	first, err := queue.Publish(t.Context(), task, demo, jobv1.Priority_PRIORITY_NORMAL)
	if err != nil || !first {
		t.Fatalf("first: %v, %v", first, err)
	}
	second, err := queue.Publish(t.Context(), task, demo, jobv1.Priority_PRIORITY_NORMAL)

	if err != nil || second {
		t.Errorf("second: %v, %v; want a refusal that is no error", second, err)
	}
	if depth, err := queue.Depth(t.Context(), demo); err != nil || depth.Ready != 1 || depth.Slots != 0 {
		t.Errorf("depth %+v, %v; want one ready task", depth, err)
	}
}

func TestQueue_reportsThatItIsFull(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t, "demo")
	shrink(t, b, 1)
	queue := tasks.NewQueue(b.JS)
	for chunk := range uint32(2) {
		task := &jobv1.Task{JobId: "j", UserId: "u", Attempt: 1, Stage: jobv1.Stage_STAGE_ASR, Chunk: chunk}

		_, err := queue.Publish(t.Context(), task, demo, jobv1.Priority_PRIORITY_NORMAL)

		if full := err != nil; full != (chunk == 1) {
			t.Errorf("chunk %d: %v", chunk, err)
		}
	}
}

func TestQueue_countsALaneWithoutWorkers(t *testing.T) {
	t.Parallel()
	queue := tasks.NewQueue(testkit.Bus(t).JS) // no consumer for the model
	task := &jobv1.Task{JobId: "j", UserId: "u", Attempt: 1, Stage: jobv1.Stage_STAGE_ASR}
	if _, err := queue.Publish(t.Context(), task, demo, jobv1.Priority_PRIORITY_NORMAL); err != nil {
		t.Fatal(err)
	}

	depth, err := queue.Depth(t.Context(), demo)
	if err != nil || depth != (tasks.Depth{Ready: 1}) {
		t.Errorf("depth %+v, %v", depth, err)
	}
	if ids, err := queue.JobIDs(t.Context()); err != nil || !slices.Equal(ids, []string{"j"}) {
		t.Errorf("jobs %v, %v", ids, err)
	}
}

func TestQueue_tellsWorkersAtWorkFromReadyTasks(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t, "demo")
	queue := tasks.NewQueue(b.JS)
	for chunk := range uint32(3) {
		task := &jobv1.Task{JobId: "j", UserId: "u", Attempt: 1, Stage: jobv1.Stage_STAGE_ASR, Chunk: chunk}
		if _, err := queue.Publish(t.Context(), task, demo, jobv1.Priority_PRIORITY_NORMAL); err != nil {
			t.Fatal(err)
		}
	}
	consumer, err := b.JS.Consumer(t.Context(), bus.StreamTasks, bus.ConsumerASR("demo"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := consumer.Next(); err != nil {
		t.Fatal(err)
	}

	depth, err := queue.Depth(t.Context(), demo)

	if err != nil || depth != (tasks.Depth{Ready: 2, Slots: 1}) {
		t.Errorf("depth %+v, %v; want two ready and one at work", depth, err)
	}
}

// shrink limits the queue to so many messages.
func shrink(t *testing.T, b *bus.Bus, messages int64) {
	t.Helper()
	stream, err := b.JS.Stream(t.Context(), bus.StreamTasks)
	if err != nil {
		t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	config.MaxMsgs = messages
	if _, err := b.JS.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
}
