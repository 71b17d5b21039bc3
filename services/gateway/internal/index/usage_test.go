package index

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// told is an event of a job whose recording has that length.
func told(id string, state jobv1.State, revision uint64, length time.Duration) job.Event {
	r := record(id, state)
	r.Media = &jobv1.Media{DurationMs: length.Milliseconds()}
	return job.Event{ID: id, Job: r, Revision: revision}
}

func wantToday(t *testing.T, x *Index, want time.Duration) {
	t.Helper()
	if got := x.AudioToday("u"); got != want.Milliseconds() {
		t.Errorf("%d ms of today, want %v", got, want)
	}
}

func TestIndex_countsTheAudioOfToday(t *testing.T) {
	t.Parallel()
	now := begin
	x := New(func() time.Time { return now })
	feed := []job.Event{
		told("a", jobv1.State_STATE_TRANSCRIBING, 2, time.Minute),
		told("b", jobv1.State_STATE_TRANSCRIBING, 3, time.Second),
		told("a", jobv1.State_STATE_FAILED, 4, time.Minute),
		{ID: "a", Job: record("a", jobv1.State_STATE_DELETED), Revision: 5},
	}
	x.Put(feed[1].Job, 3) // our own look at the record was faster than the feed
	wantToday(t, x, 0)
	for range 2 { // the second time after a break
		for _, event := range feed {
			x.take(event)
		}
		wantToday(t, x, time.Minute+time.Second)
	}
	cached, again := told("c", jobv1.State_STATE_COMPLETED, 6, time.Hour), told("d", jobv1.State_STATE_QUEUED, 7, time.Hour)
	cached.Job.Cached, again.Job.Attempt = true, 2 // the first attempt of d was counted, and is forgotten
	yesterday := told("e", jobv1.State_STATE_TRANSCRIBING, 8, time.Hour)
	yesterday.Job.CreatedAt = timestamppb.New(begin.Add(-24 * time.Hour))
	for _, event := range []job.Event{cached, again, yesterday} {
		x.take(event)
	}
	wantToday(t, x, time.Minute+time.Second)

	now = begin.Add(24 * time.Hour)
	wantToday(t, x, 0)
}

// Jobs that have ended long ago are not kept, but their audio counts.
func TestIndex_countsWhatWasBeforeItsStart(t *testing.T) {
	t.Parallel()
	x := New(func() time.Time { return begin.Add(time.Hour) })
	for range 2 {
		x.take(told("a", jobv1.State_STATE_COMPLETED, 2, time.Minute))
	}
	if _, kept := x.Get("a"); kept {
		t.Error("it is kept")
	}
	wantToday(t, x, time.Minute)
}
