package job_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestStore_showsItsOwnWrites(t *testing.T) {
	t.Parallel()
	store := open(t)
	record := accept(t, store)

	got, revision, err := store.Get(t.Context(), record.GetId())

	if err != nil || got.GetState() != jobv1.State_STATE_QUEUED || revision == 0 {
		t.Fatalf("got %v, %d, %v", got, revision, err)
	}
	if _, err := store.Create(t.Context(), record); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second create gives %v, want conflict", err)
	}
	for _, id := range []string{"none", "task-1", "", "a b", "*", "."} {
		if _, _, err := store.Get(t.Context(), id); !fault.Is(err, fault.NotFound) {
			t.Errorf("Get(%q) gives %v, want not found", id, err)
		}
	}
}

// Many workers finish chunks of one job at once; every one is kept, and exactly
// one of them sees the set complete.
func TestStore_updateLosesNoChange(t *testing.T) {
	t.Parallel()
	const chunks = 40
	store := open(t)
	record := accept(t, store)
	move(t, store, record.GetId(), func(r *jobv1.Job) { r.Chunks = chunks })

	var wg sync.WaitGroup
	completions := make(chan uint32, chunks)
	for n := range uint32(chunks) {
		wg.Go(func() {
			var last bool
			_, _, err := store.Update(t.Context(), record.GetId(), func(r *jobv1.Job) error {
				job.SetDone(r, n)
				last = job.AllDone(r)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			if last {
				completions <- n
			}
		})
	}
	wg.Wait()

	if len(completions) != 1 {
		t.Errorf("%d updates saw the set complete, want 1", len(completions))
	}
}

func TestStore_movesForwardOnly(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		from, to    jobv1.State
		nextAttempt bool
		refused     bool
	}{
		"forward":               {from: jobv1.State_STATE_QUEUED, to: jobv1.State_STATE_PREPROCESSING},
		"skipping":              {from: jobv1.State_STATE_QUEUED, to: jobv1.State_STATE_CANCELLED},
		"backward":              {from: jobv1.State_STATE_TRANSCRIBING, to: jobv1.State_STATE_QUEUED, refused: true},
		"out of completed":      {from: jobv1.State_STATE_COMPLETED, to: jobv1.State_STATE_FAILED, refused: true},
		"completed twice":       {from: jobv1.State_STATE_COMPLETED, to: jobv1.State_STATE_COMPLETED, refused: true},
		"cancel after complete": {from: jobv1.State_STATE_COMPLETED, to: jobv1.State_STATE_CANCELLED, refused: true},
		"retry":                 {from: jobv1.State_STATE_FAILED, to: jobv1.State_STATE_QUEUED, nextAttempt: true},
		"retry while running":   {from: jobv1.State_STATE_TRANSCRIBING, to: jobv1.State_STATE_QUEUED, nextAttempt: true, refused: true},
		"delete completed":      {from: jobv1.State_STATE_COMPLETED, to: jobv1.State_STATE_DELETED},
		"delete running":        {from: jobv1.State_STATE_TRANSCRIBING, to: jobv1.State_STATE_DELETED},
		"out of deleted":        {from: jobv1.State_STATE_DELETED, to: jobv1.State_STATE_QUEUED, nextAttempt: true, refused: true},
	}
	store := open(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			record := accept(t, store)
			move(t, store, record.GetId(), func(r *jobv1.Job) { r.State = c.from })

			_, _, err := store.Update(t.Context(), record.GetId(), func(r *jobv1.Job) error {
				r.State = c.to
				if c.nextAttempt {
					r.Attempt++
				}
				return nil
			})

			if refused := fault.Is(err, fault.Conflict); refused != c.refused || (err != nil && !refused) {
				t.Errorf("got %v, want refused %v", err, c.refused)
			}
		})
	}
}

func TestStore_firstFactWins(t *testing.T) {
	t.Parallel()
	store := open(t)
	record := accept(t, store)
	id := record.GetId()
	for _, worker := range []string{"first", "zombie"} {
		if err := store.CreateResult(t.Context(), &jobv1.ChunkResult{JobId: id, Attempt: 1, Chunk: 3, Worker: worker}); err != nil {
			t.Fatal(err)
		}
	}

	got, err := store.Result(t.Context(), id, 1, 3)

	if err != nil || got.GetWorker() != "first" {
		t.Errorf("got %v, %v; want the first", got, err)
	}
	if ids, err := store.FactIDs(t.Context()); err != nil || len(ids) != 1 || ids[0] != id {
		t.Errorf("FactIDs gives %v, %v", ids, err)
	}
	before, err := store.Moment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := store.CreateResult(t.Context(), &jobv1.ChunkResult{JobId: id, Attempt: 2, Chunk: 3}); err != nil {
		t.Fatal(err)
	}
	if err := store.PurgeFacts(t.Context(), id, before); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Result(t.Context(), id, 2, 3); err != nil {
		t.Errorf("what came later went, too: %v", err)
	}
	purgeFacts(t, store, id)
	if _, err := store.Result(t.Context(), id, 1, 3); !fault.Is(err, fault.NotFound) {
		t.Errorf("after PurgeFacts: %v", err)
	}
	if ids, err := store.FactIDs(t.Context()); err != nil || len(ids) != 0 {
		t.Errorf("after PurgeFacts FactIDs gives %v, %v", ids, err)
	}
}

func TestFollow_tellsWhatIsAndThenWhatComes(t *testing.T) {
	t.Parallel()
	for _, before := range []int{0, 3} {
		t.Run(fmt.Sprintf("%d jobs before", before), func(t *testing.T) {
			t.Parallel()
			store := open(t)
			for range before {
				accept(t, store)
			}
			events := follow(t, store)

			for range before {
				if e := <-events; e.Job == nil {
					t.Fatalf("got %+v before the stored jobs were told", e)
				}
			}
			if e := <-events; !e.CaughtUp {
				t.Fatalf("got %+v, want caught up", e)
			}
			late := accept(t, store)
			if e := <-events; e.ID != late.GetId() || e.Job.GetState() != jobv1.State_STATE_QUEUED {
				t.Fatalf("got %+v, want the new job", e)
			}
			if err := store.Purge(t.Context(), late.GetId(), 1<<40); !fault.Is(err, fault.Conflict) {
				t.Fatalf("a purge of another revision gives %v, want conflict", err)
			}
			if err := store.Purge(t.Context(), late.GetId(), revision(t, store, late)); err != nil {
				t.Fatal(err)
			}
			if e := <-events; e.ID != late.GetId() || !e.Gone {
				t.Fatalf("got %+v, want the job gone", e)
			}
		})
	}
}

func TestFiles_belongToTheirUser(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	files, err := job.OpenFiles(t.Context(), b.JS)
	if err != nil {
		t.Fatal(err)
	}
	mine := &jobv1.File{UserId: "ann", Input: &jobv1.Input{FileId: "запись 1.mp3"}}
	if err := files.Create(t.Context(), mine); err != nil {
		t.Fatal(err)
	}

	if err := files.Create(t.Context(), mine); !fault.Is(err, fault.Conflict) {
		t.Errorf("twice: %v, want conflict", err)
	}
	if _, err := files.Get(t.Context(), "ann", "запись 1.mp3"); err != nil {
		t.Error(err)
	}
	if _, err := files.Get(t.Context(), "bob", "запись 1.mp3"); !fault.Is(err, fault.NotFound) {
		t.Errorf("another user gets %v, want not found", err)
	}
	if err := files.Delete(t.Context(), "ann", "запись 1.mp3"); err != nil {
		t.Fatal(err)
	}
	if err := files.Create(t.Context(), mine); err != nil {
		t.Errorf("again after delete: %v", err)
	}
}

func TestControl_tellsTheWatchersOfThatJob(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	control, err := job.NewControl(b.NC)
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan string, 10)
	defer control.Watch("a", func() { told <- "a" })()
	control.Watch("b", func() { told <- "stopped watch" })()
	defer control.Watch("b", func() { told <- "b" })()

	for _, id := range []string{"b", "c", "a"} {
		if err := control.Cancel(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}

	if first, second := <-told, <-told; first != "b" || second != "a" {
		t.Errorf("told %s, %s; want b, a", first, second)
	}
}

func TestAdvance_notesHowLongEachStageTook(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	record := &jobv1.Job{State: jobv1.State_STATE_QUEUED, CreatedAt: timestamppb.New(start)}

	job.Advance(record, jobv1.State_STATE_PREPROCESSING, start.Add(1*time.Second))
	job.Advance(record, jobv1.State_STATE_TRANSCRIBING, start.Add(3*time.Second))
	job.Advance(record, jobv1.State_STATE_ASSEMBLING, start.Add(6*time.Second))
	job.Advance(record, jobv1.State_STATE_COMPLETED, start.Add(10*time.Second))

	want := []int64{1000, 2000, 3000, 4000}
	for i, timing := range record.GetTimings() {
		if timing.GetDurationMs() != want[i] {
			t.Errorf("%s took %d ms, want %d", timing.GetStage(), timing.GetDurationMs(), want[i])
		}
	}
	if len(record.GetTimings()) != len(want) {
		t.Errorf("%d timings, want %d", len(record.GetTimings()), len(want))
	}
	if !record.GetFinishedAt().AsTime().Equal(start.Add(10 * time.Second)) {
		t.Errorf("finished at %v", record.GetFinishedAt().AsTime())
	}
}

func open(t *testing.T) *job.Store {
	t.Helper()
	store, err := job.Open(t.Context(), testkit.Bus(t).JS)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// purgeFacts removes all facts of a job that there are now.
func purgeFacts(t *testing.T, store *job.Store, id string) {
	t.Helper()
	now, err := store.Moment(t.Context())
	if err == nil {
		err = store.PurgeFacts(t.Context(), id, now)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func accept(t *testing.T, store *job.Store) *jobv1.Job {
	t.Helper()
	id, err := job.NewID()
	if err != nil {
		t.Fatal(err)
	}
	record := &jobv1.Job{Id: id, UserId: "ann", Attempt: 1, State: jobv1.State_STATE_QUEUED}
	if _, err := store.Create(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	return record
}

func revision(t *testing.T, store *job.Store, record *jobv1.Job) uint64 {
	t.Helper()
	_, revision, err := store.Get(t.Context(), record.GetId())
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

func move(t *testing.T, store *job.Store, id string, change func(*jobv1.Job)) {
	t.Helper()
	_, _, err := store.Update(t.Context(), id, func(r *jobv1.Job) error { change(r); return nil })
	if err != nil {
		t.Fatal(err)
	}
}

// follow collects events until the test ends.
func follow(t *testing.T, store *job.Store) <-chan job.Event {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	events := make(chan job.Event, 100)
	done := make(chan error, 1)
	go func() { done <- store.Follow(ctx, func(e job.Event) { events <- e }) }()
	t.Cleanup(func() { cancel(); <-done })
	return events
}
