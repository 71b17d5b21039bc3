package dispatcher_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// TestDispatcher_takesAJobThroughItsLife runs on news alone: nothing is mended
// while it runs.
func TestDispatcher_takesAJobThroughItsLife(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cfg = slowConfig()
	r.dispatcher(t)
	r.workers(t, 2, nil)

	id := r.accept(t, "u", 3, nil)
	record := r.await(t, id, jobv1.State_STATE_COMPLETED)

	if got, want := r.text(t, record), "Chunk 0. Chunk 1. Chunk 2."; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
	if record.GetLanguage() != "en" || record.GetDoneMs() != 30_000 || record.GetFinishedAt() == nil {
		t.Errorf("record %v", record)
	}
	var stages []string
	for _, timing := range record.GetTimings() {
		stages = append(stages, timing.GetStage())
	}
	if got := strings.Join(stages, " "); got != "queued preprocessing transcribing assembling" {
		t.Errorf("stages %q", got)
	}
	r.awaitOnly(t, id, record.GetTranscript().GetKey())
	testkit.Eventually(t, "the queue is empty", func() bool { return r.queued(t) == 0 })
}

func TestDispatcher_completesARecordingWithoutSpeech(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cfg = slowConfig()
	r.dispatcher(t)
	r.workers(t, 1, nil)

	id := r.accept(t, "u", 0, func(record *jobv1.Job) { record.Options.Language = "ru" })
	record := r.await(t, id, jobv1.State_STATE_COMPLETED)

	if got := r.text(t, record); got != "" || record.GetLanguage() != "ru" {
		t.Errorf("text %q, language %q", got, record.GetLanguage())
	}
}

func TestDispatcher_asksTheLeadChunkForTheLanguage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cfg = slowConfig()
	r.dispatcher(t)
	var mu sync.Mutex
	var order []uint32
	r.workers(t, 2, func(_ context.Context, task *jobv1.Task) error {
		if task.GetStage() == jobv1.Stage_STAGE_ASR {
			mu.Lock()
			order = append(order, task.GetChunk())
			mu.Unlock()
			if language := r.get(t, task.GetJobId()).GetLanguage(); (language == "") != (task.GetChunk() == 3) {
				t.Errorf("chunk %d began with language %q", task.GetChunk(), language)
			}
		}
		return nil
	})

	id := r.accept(t, "u", 4, func(record *jobv1.Job) { record.Options.Language = "auto" })
	record := r.await(t, id, jobv1.State_STATE_COMPLETED)

	mu.Lock()
	defer mu.Unlock()
	if len(order) != 4 || order[0] != 3 || record.GetLanguage() != "en" {
		t.Errorf("order %v, language %q", order, record.GetLanguage())
	}
}

func TestDispatcher_failsAJobWithTheCodeOfItsChunk(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		err  error
		code string
	}{
		"cannot be done":            {fault.New(fault.Unprocessable, "out_of_memory", "Too big."), "out_of_memory"},
		"fails however often tried": {errors.New("engine error"), "internal"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.dispatcher(t)
			r.workers(t, 2, func(_ context.Context, task *jobv1.Task) error {
				if task.GetStage() == jobv1.Stage_STAGE_ASR && task.GetChunk() == 1 {
					return c.err
				}
				return nil
			})

			id := r.accept(t, "u", 5, nil)
			record := r.await(t, id, jobv1.State_STATE_FAILED)

			if record.GetError().GetCode() != c.code || record.GetError().GetMessage() == "" {
				t.Errorf("error %v, want code %s", record.GetError(), c.code)
			}
			r.awaitOnly(t, id)
			testkit.Eventually(t, "the queue is empty", func() bool { return r.queued(t) == 0 })
		})
	}
}

func TestDispatcher_failsAJobWhoseResultIsDamaged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.accept(t, "u", 1, nil)
	_, stop := r.workers(t, 1, nil)
	stopDispatcher := r.dispatcher(t)
	r.await(t, id, jobv1.State_STATE_COMPLETED)
	stopDispatcher()
	stop()

	broken := r.seed(t, jobv1.State_STATE_ASSEMBLING)
	if _, err := blob.Put(t.Context(), r.blobs, job.ResultBlobKey(broken, 1, 0, "test"), strings.NewReader("rot")); err != nil {
		t.Fatal(err)
	}
	r.dispatcher(t)

	if record := r.await(t, broken, jobv1.State_STATE_FAILED); record.GetError().GetCode() != "internal" {
		t.Errorf("error %v", record.GetError())
	}
}

func TestDispatcher_takesUpWhatTheLastOneLeft(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	stop := r.dispatcher(t)
	half := make(chan struct{})
	var done atomic.Int64
	r.workers(t, 2, func(_ context.Context, task *jobv1.Task) error {
		if task.GetStage() == jobv1.Stage_STAGE_ASR && done.Add(1) == 4 {
			close(half)
		}
		return nil
	})
	var ids []string
	for n := range 4 {
		ids = append(ids, r.accept(t, fmt.Sprint("u", n), 3, nil))
	}

	<-half
	stop()
	ids = append(ids, r.accept(t, "late", 2, nil))
	r.dispatcher(t)

	for _, id := range ids {
		r.await(t, id, jobv1.State_STATE_COMPLETED)
	}
}

func TestDispatcher_sharesJobsWithAnother(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	completed := r.countCompletions(t)
	r.dispatcher(t)
	r.dispatcher(t)
	r.workers(t, 3, nil)

	var ids []string
	for n := range 12 {
		ids = append(ids, r.accept(t, fmt.Sprint("u", n%3), n%4, nil))
	}

	for _, id := range ids {
		record := r.await(t, id, jobv1.State_STATE_COMPLETED)
		if got, want := r.text(t, record), saidBy(record); got != want {
			t.Errorf("text %q, want %q", got, want)
		}
		if n := completed(id); n != 1 {
			t.Errorf("job %s was completed %d times", id, n)
		}
	}
}

// text reads the transcript of a completed job.
func (r *rig) text(t testing.TB, record *jobv1.Job) string {
	t.Helper()
	data, err := blob.Get(t.Context(), r.blobs, record.GetTranscript().GetKey())
	if err != nil {
		t.Fatal(err)
	}
	whole := &jobv1.Transcript{}
	if err := proto.Unmarshal(data, whole); err != nil {
		t.Fatal(err)
	}
	if whole.GetModel() != "demo" {
		t.Errorf("model %q", whole.GetModel())
	}
	return transcript.Text(whole.GetSegments())
}

// saidBy is what the workers of this rig make of a recording.
func saidBy(record *jobv1.Job) string {
	var said []string
	for n := range record.GetChunks() {
		said = append(said, fmt.Sprintf("Chunk %d.", n))
	}
	return strings.Join(said, " ")
}

// awaitOnly waits until nothing is left of a job but these blobs.
func (r *rig) awaitOnly(t testing.TB, id string, keep ...string) {
	t.Helper()
	testkit.Eventually(t, "only what is kept is left of job "+id, func() bool {
		return strings.Join(r.leftovers(t, id), " ") == strings.Join(keep, " ")
	})
}

// countCompletions counts how often each job's record was written as completed.
func (r *rig) countCompletions(t *testing.T) func(id string) int {
	t.Helper()
	var mu sync.Mutex
	counts := map[string]int{}
	ctx, cancel := context.WithCancel(context.Background())
	var following sync.WaitGroup
	ready := make(chan struct{})
	following.Go(func() {
		_ = r.jobs.Follow(ctx, func(event job.Event) {
			if event.CaughtUp {
				close(ready)
			}
			if event.Job.GetState() == jobv1.State_STATE_COMPLETED {
				mu.Lock()
				counts[event.ID]++
				mu.Unlock()
			}
		})
	})
	t.Cleanup(func() { cancel(); following.Wait() })
	<-ready
	return func(id string) int {
		testkit.Eventually(t, "the completion is told", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return counts[id] > 0
		})
		mu.Lock()
		defer mu.Unlock()
		return counts[id]
	}
}

// seed makes a one-chunk job as it stands in a state, with all that belongs to
// it, no worker or dispatcher having run.
func (r *rig) seed(t testing.TB, state jobv1.State) (id string) {
	t.Helper()
	id = r.accept(t, "u", 1, func(record *jobv1.Job) {
		record.State = state
		if state >= jobv1.State_STATE_TRANSCRIBING {
			record.Chunks = 1
		}
		if state >= jobv1.State_STATE_ASSEMBLING {
			job.SetDone(record, 0)
		}
	})
	task := &jobv1.Task{JobId: id, UserId: "u", Attempt: 1, Stage: jobv1.Stage_STAGE_PRE}
	if state >= jobv1.State_STATE_TRANSCRIBING {
		task.Stage = jobv1.Stage_STAGE_ASR
		r.must(t, r.jobs.CreatePlan(t.Context(), planOf(id, 1, 1)))
		_, err := blob.Put(t.Context(), r.blobs, job.ChunkBlobKey(id, 1, 0, "test"), strings.NewReader("pcm"))
		r.must(t, err)
	}
	if state >= jobv1.State_STATE_ASSEMBLING {
		result, err := resultOf(t.Context(), r.blobs, task)
		r.must(t, err)
		r.must(t, r.jobs.CreateResult(t.Context(), result))
	} else {
		data, err := proto.Marshal(task)
		r.must(t, err)
		// Refused where a dispatcher was faster.
		_, _ = r.JS.Publish(t.Context(), job.TaskSubject(task, "demo", jobv1.Priority_PRIORITY_NORMAL), data)
	}
	return id
}

func (r *rig) must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// purgeTasks does what an operator does by mistake.
func (r *rig) purgeTasks(t testing.TB) {
	t.Helper()
	stream, err := r.JS.Stream(t.Context(), bus.StreamTasks)
	r.must(t, err)
	r.must(t, stream.Purge(t.Context()))
}
