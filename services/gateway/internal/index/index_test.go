package index

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

var begin = time.Unix(1_700_000_000, 0)

func record(id string, state jobv1.State) *jobv1.Job {
	return &jobv1.Job{
		Id: id, UserId: "u", State: state, Attempt: 1,
		CreatedAt: timestamppb.New(begin), UpdatedAt: timestamppb.New(begin),
	}
}

func TestIndex_keepsTheNewestRevision(t *testing.T) {
	t.Parallel()
	x := New(func() time.Time { return begin })
	x.Put(record("a", jobv1.State_STATE_TRANSCRIBING), 5)
	x.Put(record("a", jobv1.State_STATE_QUEUED), 4) // the feed is behind our own write
	x.Remove("a", 3)                                // as for the mark of an earlier removal

	e, known := x.Get("a")

	if !known || e.Revision != 5 || e.Job.GetState() != jobv1.State_STATE_TRANSCRIBING {
		t.Errorf("got %+v, %v", e, known)
	}
	x.Remove("a", 6)
	if _, known := x.Get("a"); known || len(x.Unsettled("u")) != 0 || len(x.live) != 0 {
		t.Error("the job is still there after its record went")
	}
}

func TestIndex_countsJobsUnderWay(t *testing.T) {
	t.Parallel()
	x := New(func() time.Time { return begin })
	x.Put(record("a", jobv1.State_STATE_QUEUED), 1)
	x.Put(record("b", jobv1.State_STATE_QUEUED), 2)
	x.Put(record("c", jobv1.State_STATE_COMPLETED), 3)
	if got := x.live["u"]; got != 2 {
		t.Errorf("%d under way, want 2", got)
	}
	x.Put(record("a", jobv1.State_STATE_ASSEMBLING), 4)
	x.Put(record("b", jobv1.State_STATE_FAILED), 5)
	if got := x.live["u"]; got != 1 {
		t.Errorf("%d under way, want 1", got)
	}
	again := record("b", jobv1.State_STATE_QUEUED)
	again.Attempt = 2
	x.Put(again, 6)
	if got := x.Load(); got != (Load{Queued: 1, Running: 1}) {
		t.Errorf("load %+v, want one of each", got)
	}
	if got := x.live["u"]; got != 2 {
		t.Errorf("%d under way after a retry, want 2", got)
	}
}

func TestIndex_reservesRoomUntilTheJobIsThere(t *testing.T) {
	t.Parallel()
	x := New(func() time.Time { return begin })
	x.Put(record("a", jobv1.State_STATE_QUEUED), 1)
	var reserved atomic.Int64
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			if x.Reserve("u", fmt.Sprint(n), 4) {
				reserved.Add(1)
			}
		})
	}
	all.Wait()

	if reserved.Load() != 3 {
		t.Errorf("%d reserved beside one job, want 3", reserved.Load())
	}
	var first string
	for first = range x.reserved["u"] {
		break
	}
	x.Put(record(first, jobv1.State_STATE_QUEUED), 2) // it is counted once, not twice
	x.Release("u", first)
	if x.Reserve("u", "more", 4) {
		t.Error("a fifth is let in")
	}
	x.Put(record(first, jobv1.State_STATE_FAILED), 3)
	if !x.Reserve("u", "more", 4) {
		t.Error("the place of one that ended stays taken")
	}
	x.Release("u", "more")
	if !x.Reserve("u", "another", 4) || !x.Reserve("v", "a job of v", 1) {
		t.Error("a place that was given back stays taken")
	}
}

func TestIndex_isUnsettledUntilTheHistoryHasTheSame(t *testing.T) {
	t.Parallel()
	x := New(func() time.Time { return begin })
	x.Put(record("a", jobv1.State_STATE_QUEUED), 1)
	x.Put(record("b", jobv1.State_STATE_DELETED), 2)
	count := func() int { return len(x.Unsettled("u")) }

	if count() != 2 || len(x.Unsettled("v")) != 0 {
		t.Errorf("%d unsettled, want both", count())
	}
	x.Settle("a", 1)
	x.Settle("b", 1) // it had not seen the deletion
	x.Settle("c", 9)
	if got := x.Unsettled("u"); len(got) != 1 || got[0].Job.GetId() != "b" {
		t.Errorf("got %+v, want b", got)
	}
	x.Put(record("a", jobv1.State_STATE_PREPROCESSING), 3)
	if count() != 2 {
		t.Errorf("%d unsettled after a step, want both", count())
	}
}

func TestIndex_dropsEndedJobsAfterAWhile(t *testing.T) {
	t.Parallel()
	now := begin
	x := New(func() time.Time { return now })
	x.Put(record("ended", jobv1.State_STATE_COMPLETED), 1)
	x.Put(record("live", jobv1.State_STATE_QUEUED), 2)

	now = begin.Add(keepEnded + time.Second)
	x.Put(record("ended long ago", jobv1.State_STATE_COMPLETED), 3)
	x.Put(record("other", jobv1.State_STATE_QUEUED), 4)

	for id, want := range map[string]bool{"ended": false, "ended long ago": false, "live": true, "other": true} {
		if _, known := x.Get(id); known != want {
			t.Errorf("job %q known: %v, want %v", id, known, want)
		}
	}
}

func TestIndex_isBounded(t *testing.T) {
	t.Parallel()
	x := New(func() time.Time { return begin })
	for n := range mostEnded + 500 {
		x.Put(record(fmt.Sprint(n), jobv1.State_STATE_CANCELLED), uint64(n+1))
	}
	if len(x.entries) != mostEnded || len(x.ended) != mostEnded {
		t.Errorf("%d entries, %d in the list", len(x.entries), len(x.ended))
	}
}

func TestIndex_progressNeverGoesBack(t *testing.T) {
	t.Parallel()
	x := New(func() time.Time { return begin })
	running := func(attempt uint32, doneMS int64) *jobv1.Job {
		r := record("a", jobv1.State_STATE_TRANSCRIBING)
		r.Attempt, r.Chunks, r.Media, r.DoneMs = attempt, 2, &jobv1.Media{DurationMs: 1000}, doneMS
		return r
	}
	note := func(chunk uint32, ms int64) {
		x.Note(&jobv1.Progress{JobId: "a", Attempt: 1, Stage: jobv1.Stage_STAGE_ASR, Chunk: chunk, DoneMs: ms})
	}
	progress := func() float64 { e, _ := x.Get("a"); return e.Progress }

	x.Put(running(1, 0), 1)
	note(0, 900)
	high := progress()
	note(0, 100) // run again after a crash
	note(7, 900) // no such chunk
	x.Put(running(1, 100), 2)

	if progress() != high || high < 0.8 {
		t.Errorf("progress %v after %v", progress(), high)
	}
	x.Put(running(2, 0), 3)
	if progress() > 0.1 {
		t.Errorf("a new attempt begins at %v", progress())
	}
}

func TestIndex_wakesWhoWaits(t *testing.T) {
	t.Parallel()
	x := New(func() time.Time { return begin })
	x.Put(record("a", jobv1.State_STATE_QUEUED), 1)
	told := make(chan Entry)
	for range 3 {
		go func() { e, _ := x.Wait(t.Context(), "a", 1); told <- e }()
	}

	x.Put(record("a", jobv1.State_STATE_PREPROCESSING), 2)

	for range 3 {
		if e := <-told; e.Revision != 2 {
			t.Errorf("woken with revision %d", e.Revision)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if e, known := x.Wait(ctx, "a", 2); !known || e.Revision != 2 {
		t.Errorf("when ctx ended: %+v, %v", e, known)
	}
	x.Close()
	if e, known := x.Wait(t.Context(), "a", 2); !known || e.Revision != 2 {
		t.Errorf("when the index closed: %+v, %v", e, known)
	}
	x.Remove("a", 9)
	if e, known := x.Wait(t.Context(), "a", 2); known {
		t.Errorf("when the job was gone: %+v", e)
	}
}

// brokenFeed tells one job each time it is followed, and then breaks.
type brokenFeed struct {
	followed int
	index    *Index
	current  []bool // what the index said before and after it was fed
	cancel   context.CancelFunc
}

func (f *brokenFeed) Follow(_ context.Context, handle func(job.Event)) error {
	f.followed++
	f.current = append(f.current, f.index.Current())
	id := fmt.Sprint(f.followed)
	handle(job.Event{ID: id, Revision: uint64(f.followed), Job: record(id, jobv1.State_STATE_QUEUED)})
	handle(job.Event{CaughtUp: true})
	f.current = append(f.current, f.index.Current())
	if f.followed == 2 {
		f.cancel()
	}
	return errors.New("connection lost")
}

func TestIndex_followsAgainAfterABreak(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		x := New(time.Now)

		feed := &brokenFeed{index: x, cancel: cancel}
		x.Follow(ctx, feed, slog.New(slog.DiscardHandler))

		if _, known := x.Get("2"); !known {
			t.Error("the feed was not followed again")
		}
		<-x.CaughtUp()
		if want := []bool{false, true, false, true}; !slices.Equal(feed.current, want) {
			t.Errorf("current before and after each time it was fed: %v, want %v", feed.current, want)
		}
	})
}
