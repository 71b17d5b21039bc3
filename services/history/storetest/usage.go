package storetest

import (
	"testing"
	"time"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history"
)

// day is that of created.
var day = created.Unix() / (24 * 60 * 60)

func wantUsage(t *testing.T, store history.Store, user string, day int64, want time.Duration) {
	t.Helper()
	if got, err := store.Usage(t.Context(), user, day); err != nil || got != want.Milliseconds() {
		t.Errorf("%s used %d ms on day %d, %v; want %v", user, got, day, err, want)
	}
}

// lasting is a job of ann whose recording has that length; 0: it is not known.
func lasting(n int, state jobv1.State, length time.Duration) *jobv1.Job {
	j := job("ann", n, state)
	j.Media.DurationMs = length.Milliseconds()
	return j
}

func usageCountsEachJobOnce(t *testing.T, store history.Store) {
	mustRecord(t, store, change(lasting(1, jobv1.State_STATE_QUEUED, 0), 1), change(lasting(2, jobv1.State_STATE_QUEUED, 0), 2))
	wantUsage(t, store, "ann", day, 0)

	known := change(lasting(1, jobv1.State_STATE_TRANSCRIBING, time.Minute), 3)
	mustRecord(t, store, known, known)
	mustRecord(t, store, known)
	mustRecord(t, store, change(lasting(1, jobv1.State_STATE_FAILED, time.Minute), 5), change(lasting(2, jobv1.State_STATE_COMPLETED, time.Second), 6))
	again := lasting(1, jobv1.State_STATE_QUEUED, 0)
	again.Attempt = 2
	mustRecord(t, store, change(again, 7))
	again = lasting(1, jobv1.State_STATE_TRANSCRIBING, time.Minute)
	again.Attempt = 2
	mustRecord(t, store, change(again, 8))

	wantUsage(t, store, "ann", day, time.Minute+time.Second)
	wantUsage(t, store, "ann", day+1, 0)
	wantUsage(t, store, "bob", day, 0)
}

func usageIsOfTheDayOfTheJob(t *testing.T, store history.Store) {
	late, early := lasting(1, jobv1.State_STATE_COMPLETED, time.Minute), lasting(2, jobv1.State_STATE_COMPLETED, time.Hour)
	late.CreatedAt.Seconds = (day+1)*24*60*60 - 1
	early.CreatedAt.Seconds = (day + 1) * 24 * 60 * 60

	mustRecord(t, store, change(late, 1), change(early, 2))

	wantUsage(t, store, "ann", day, time.Minute)
	wantUsage(t, store, "ann", day+1, time.Hour)
}

func usageStaysWhenJobsAreDeleted(t *testing.T, store history.Store) {
	mustRecord(t, store, change(lasting(1, jobv1.State_STATE_COMPLETED, time.Minute), 1))

	gone := job("ann", 1, jobv1.State_STATE_DELETED)
	gone.Media = nil
	mustRecord(t, store, change(gone, 2))
	mustRecord(t, store, change(lasting(2, jobv1.State_STATE_TRANSCRIBING, time.Second), 3), change(job("ann", 2, jobv1.State_STATE_DELETED), 4))

	wantUsage(t, store, "ann", day, time.Minute+time.Second)
}

func usageLeavesOutWhatTheCacheServed(t *testing.T, store history.Store) {
	born, follower := lasting(1, jobv1.State_STATE_COMPLETED, time.Minute), lasting(2, jobv1.State_STATE_COMPLETED, time.Minute)
	born.Cached, follower.Cached = true, true
	mustRecord(t, store, change(lasting(2, jobv1.State_STATE_PREPROCESSING, time.Minute), 1))
	mustRecord(t, store, change(born, 2), change(follower, 3))

	wantUsage(t, store, "ann", day, 0)
}
