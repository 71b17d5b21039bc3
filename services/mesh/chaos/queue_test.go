//go:build chaos

package chaos_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
)

// mends makes the dispatcher look for lost work at once, tidies for leftovers.
var (
	mends  = []string{"-dispatcher.reconcile", "200ms", "-dispatcher.tick", "50ms"}
	tidies = []string{"-dispatcher.sweep", "500ms"}
)

// Every task is published again and again, whether it is queued, at work or done,
// and the results of all chunks are told anew while jobs run.
func TestF13_tasksThreeTimesAndResultsTwice(t *testing.T) {
	t.Parallel()
	site := chaos.StartSite(t, mends...)
	batch := chaos.NewBatch(t, site)
	site.Engine.Script(`{"rules": [{"do": "slow", "ms": 150, "times": 1000}]}`)
	ctx, stop := context.WithCancel(t.Context())
	var publishing sync.WaitGroup

	ids := batch.Create(8)
	batch.Fault("every task published again and again", 0)
	publishing.Go(func() {
		for ctx.Err() == nil {
			for _, id := range ids {
				publishTasks(ctx, t, site.Bus, id)
			}
		}
	})
	for n := range 3 {
		testkit.Eventually(t, "some jobs are further", func() bool { return batch.In("completed", ids) >= n })
		batch.Fault("results told again", 0)
		recreate(t, site.Bus, bus.StreamJobs, bus.ConsumerAssembler)
	}
	testkit.Eventually(t, "all jobs are completed", func() bool { return batch.In("completed", ids) == len(ids) })
	stop()
	publishing.Wait()

	batch.Finish()
	if n := site.Engine.Fired(0); n != 12 { // a window each
		t.Errorf("%d windows were decoded for 12 chunks", n)
	}
}

// An operator purges the queue, and then removes it. The records have all that is
// needed to make it again: once the stream is there, work goes on, with no restart.
func TestF14_queuePurgedAndRemoved(t *testing.T) {
	t.Parallel()
	site := chaos.StartSite(t, mends...)
	batch := chaos.NewBatch(t, site)
	site.Engine.Script(`{"rules": [{"do": "slow", "ms": 200}]}`)

	ids := batch.Create(8)
	for range 3 {
		testkit.Eventually(t, "tasks are queued", func() bool { return chaos.Stored(t, site.Bus, bus.StreamTasks) > 0 })
		batch.Fault("purge queue", atWork)
		tasks, err := site.Bus.JS.Stream(t.Context(), bus.StreamTasks)
		if err = errors.Join(err, tasks.Purge(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	testkit.Eventually(t, "tasks are queued", func() bool { return chaos.Stored(t, site.Bus, bus.StreamTasks) > 0 })
	batch.Fault("remove queue", atWork)
	if err := site.Bus.JS.DeleteStream(t.Context(), bus.StreamTasks); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the probe says so", func() bool { return !ready(t, site.URL) })
	if batch.In("completed", ids) == len(ids) {
		t.Error("nothing was left to be done")
	}
	provision(t, site.Bus)

	batch.Finish()
	testkit.Eventually(t, "the probe is green", func() bool { return ready(t, site.URL) })
}

// Each durable consumer is removed in turn while jobs run. The probe tells within
// moments; once it is provisioned again the jobs go on, with no restart, and the
// history misses nothing.
func TestF15_consumerRemoved(t *testing.T) {
	t.Parallel()
	site := chaos.StartSite(t, mends...)
	batch := chaos.NewBatch(t, site)
	site.Engine.Script(`{"rules": [{"do": "slow", "ms": 200}]}`)

	for _, c := range []struct{ stream, name string }{
		{bus.StreamTasks, bus.ConsumerPre},
		{bus.StreamTasks, bus.ConsumerASR("demo")},
		{bus.StreamJobs, bus.ConsumerAssembler},
		{bus.StreamJobs, bus.ConsumerHistory},
		{bus.StreamJobs, bus.ConsumerNotify},
	} {
		batch.Create(3)
		batch.Fault("remove consumer "+c.name, atWork)
		if err := site.Bus.JS.DeleteConsumer(t.Context(), c.stream, c.name); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, "the probe misses "+c.name, func() bool { return !ready(t, site.URL) })
		provision(t, site.Bus)
		testkit.Eventually(t, "the probe is green", func() bool { return ready(t, site.URL) })
	}

	batch.Finish()
}

// Somebody bounds how often a task is delivered, and one ends where nobody sees it:
// in the stream, and given to no worker. The check of the layout names the setting,
// and provisioning brings task and job back.
func TestF15_taskBeyondItsLastDelivery(t *testing.T) {
	t.Parallel()
	site := chaos.StartSite(t, mends...)
	batch := chaos.NewBatch(t, site)
	layout := bus.EmbeddedLayout([]string{"demo"})
	consumer, err := site.Bus.JS.Consumer(t.Context(), bus.StreamTasks, bus.ConsumerASR("demo"))
	if err != nil {
		t.Fatal(err)
	}
	config := consumer.CachedInfo().Config
	config.MaxDeliver = 1
	if _, err := site.Bus.JS.UpdateConsumer(t.Context(), bus.StreamTasks, config); err != nil {
		t.Fatal(err)
	}
	batch.Fault("deliver once only", 1)
	site.Engine.Script(`{"rules": [{"do": "error", "times": 1}]}`) // given back after the one delivery

	id := batch.Create(1)[0]
	testkit.Eventually(t, "the run has failed", func() bool { return site.Engine.Fired(0) == 1 })
	testkit.Eventually(t, "the check names it", func() bool {
		return errors.Is(bus.Verify(t.Context(), site.Bus.JS, layout), bus.ErrDrift)
	})
	if batch.In("completed", []string{id}) == 1 {
		t.Error("it was delivered again")
	}
	provision(t, site.Bus)

	batch.Finish()
}

// Tasks of a newer dispatcher have fields that this worker does not know, or are of
// a kind that it cannot read at all. The first are done; the others are no task, are
// dropped with an error in the log, and what the job needs is queued again.
func TestF32_tasksOfAnotherVersion(t *testing.T) {
	t.Parallel()
	site := chaos.StartSite(t, mends...)
	batch := chaos.NewBatch(t, site)
	for _, consumer := range []string{bus.ConsumerPre, bus.ConsumerASR("demo")} {
		hold(t, site.Bus, consumer)
	}

	ids := batch.Create(2)
	testkit.Eventually(t, "the tasks are queued", func() bool { return chaos.Stored(t, site.Bus, bus.StreamTasks) == 2 })
	batch.Fault("tasks of another version", 0)
	for n, id := range ids {
		replaceTask(t, site.Bus, id, n%2 == 0)
	}
	letGo(t, site.Bus, bus.ConsumerPre)
	letGo(t, site.Bus, bus.ConsumerASR("demo"))

	batch.Finish()
}

// replaceTask puts another message in the place of the first task of a job: one
// with more fields, or one that is none.
func replaceTask(t *testing.T, b *bus.Bus, id string, readable bool) {
	t.Helper()
	jobs := records(t, b)
	if err := jobs.PurgeTasks(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	record, _, err := jobs.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	task := &jobv1.Task{JobId: id, UserId: record.GetUserId(), Attempt: 1, Stage: jobv1.Stage_STAGE_PRE}
	data, err := proto.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	if readable {
		data = protowire.AppendTag(data, 1000, protowire.BytesType)
		data = protowire.AppendString(data, "what a later version says")
	} else {
		data = []byte("v2:" + id)
	}
	// The dispatcher may have queued its own just now; then there is one in its place.
	_, err = b.JS.Publish(t.Context(), job.TaskSubject(task, "demo", record.GetOptions().GetPriority()), data)
	if err != nil {
		t.Logf("task of %s: %v", id, err)
	}
}

// hold lets a consumer give nothing out until letGo.
func hold(t *testing.T, b *bus.Bus, consumer string) {
	t.Helper()
	if _, err := b.JS.PauseConsumer(t.Context(), bus.StreamTasks, consumer, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
}

func letGo(t *testing.T, b *bus.Bus, consumer string) {
	t.Helper()
	if _, err := b.JS.ResumeConsumer(t.Context(), bus.StreamTasks, consumer); err != nil {
		t.Fatal(err)
	}
}

// publishTasks publishes every task that a job has or had.
func publishTasks(ctx context.Context, t *testing.T, b *bus.Bus, id string) {
	t.Helper()
	record, _, err := records(t, b).Get(ctx, id)
	if err != nil {
		if ctx.Err() == nil && !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		return
	}
	all := []*jobv1.Task{{JobId: id, UserId: record.GetUserId(), Attempt: 1, Stage: jobv1.Stage_STAGE_PRE}}
	for n := range record.GetChunks() {
		all = append(all, &jobv1.Task{JobId: id, UserId: record.GetUserId(), Attempt: 1, Stage: jobv1.Stage_STAGE_ASR, Chunk: n})
	}
	for _, task := range all {
		data, err := proto.Marshal(task)
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = b.JS.Publish(ctx, job.TaskSubject(task, "demo", record.GetOptions().GetPriority()), data) // refused while a copy is queued
	}
}

func records(t *testing.T, b *bus.Bus) *job.Store {
	t.Helper()
	jobs, err := job.Open(context.WithoutCancel(t.Context()), b.JS)
	if err != nil {
		t.Error(err)
	}
	return jobs
}

// recreate makes a consumer anew, so that it tells everything again.
func recreate(t *testing.T, b *bus.Bus, stream, name string) {
	t.Helper()
	if err := b.JS.DeleteConsumer(t.Context(), stream, name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		t.Fatal(err)
	}
	provision(t, b)
}

func provision(t *testing.T, b *bus.Bus) {
	t.Helper()
	if err := bus.Provision(t.Context(), b.JS, bus.EmbeddedLayout([]string{"demo"})); err != nil {
		t.Fatal(err)
	}
}

// ready asks the probe of a mesh.
func ready(t *testing.T, url string) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/health/ready", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
}
