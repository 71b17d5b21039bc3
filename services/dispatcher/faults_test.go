package dispatcher_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// TestDispatcher_standsDuplicatesAndDisorder has every task published at least
// three times, and all results told again while jobs run.
func TestDispatcher_standsDuplicatesAndDisorder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	completed := r.countCompletions(t)
	r.dispatcher(t)
	r.workers(t, 3, func(ctx context.Context, task *jobv1.Task) error {
		return r.publishAll(ctx, task.GetJobId())
	})

	var ids []string
	for n := range 6 {
		ids = append(ids, r.accept(t, fmt.Sprint("u", n%2), 4, nil))
	}
	for range 3 {
		r.tellResultsAgain(t)
	}

	for _, id := range ids {
		record := r.await(t, id, jobv1.State_STATE_COMPLETED)
		if got, want := r.text(t, record), saidBy(record); got != want {
			t.Errorf("text %q, want %q", got, want)
		}
		if n := completed(id); n != 1 || record.GetDoneMs() != 40_000 {
			t.Errorf("job %s: completed %d times, %d ms done", id, n, record.GetDoneMs())
		}
		r.awaitOnly(t, id, record.GetTranscript().GetKey())
	}
	testkit.Eventually(t, "the queue is empty", func() bool { return r.queued(t) == 0 })
}

func TestDispatcher_queuesAgainWhatAnOperatorPurged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.dispatcher(t)
	var once sync.Once
	purged := make(chan struct{})

	var ids []string
	for n := range 5 {
		ids = append(ids, r.accept(t, fmt.Sprint("u", n), 3, nil))
	}
	testkit.Eventually(t, "tasks are queued", func() bool { return r.queued(t) > 0 })
	r.purgeTasks(t)
	r.workers(t, 2, func(_ context.Context, task *jobv1.Task) error {
		if task.GetStage() == jobv1.Stage_STAGE_ASR {
			once.Do(func() { r.purgeTasks(t); close(purged) })
		}
		return nil
	})
	<-purged

	for _, id := range ids {
		r.await(t, id, jobv1.State_STATE_COMPLETED)
	}
}

func TestDispatcher_appliesResultsThatNobodyTold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.seed(t, jobv1.State_STATE_TRANSCRIBING)
	result, err := resultOf(t.Context(), r.blobs, &jobv1.Task{JobId: id, Attempt: 1})
	r.must(t, err)
	r.must(t, r.jobs.CreateResult(t.Context(), result))
	r.must(t, r.JS.DeleteConsumer(t.Context(), bus.StreamJobs, bus.ConsumerAssembler))

	r.dispatcher(t)

	r.await(t, id, jobv1.State_STATE_COMPLETED)
}

// publishAll publishes every task a job has or had, in the way of a scheduler
// that knows nothing.
func (r *rig) publishAll(ctx context.Context, id string) error {
	record, _, err := r.jobs.Get(ctx, id)
	if err != nil {
		return err
	}
	tasks := []*jobv1.Task{{JobId: id, UserId: record.GetUserId(), Attempt: 1, Stage: jobv1.Stage_STAGE_PRE}}
	for n := range record.GetChunks() {
		tasks = append(tasks, &jobv1.Task{
			JobId: id, UserId: record.GetUserId(), Attempt: 1, Stage: jobv1.Stage_STAGE_ASR, Chunk: n,
		})
	}
	for _, task := range append(tasks, append(tasks, tasks...)...) {
		data, err := proto.Marshal(task)
		if err != nil {
			return err
		}
		// Refused while a copy is queued.
		_, _ = r.JS.Publish(ctx, job.TaskSubject(task, "demo", jobv1.Priority_PRIORITY_NORMAL), data)
	}
	return nil
}

// tellResultsAgain makes the durable of results anew, so that it begins at the
// first one.
func (r *rig) tellResultsAgain(t *testing.T) {
	t.Helper()
	r.must(t, r.JS.DeleteConsumer(t.Context(), bus.StreamJobs, bus.ConsumerAssembler))
	r.must(t, bus.Provision(t.Context(), r.JS, bus.EmbeddedLayout([]string{"demo"})))
}
