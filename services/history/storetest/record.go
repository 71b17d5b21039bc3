package storetest

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

func keepsTheNewestRevision(t *testing.T, store history.Store) {
	queued := job("ann", 1, jobv1.State_STATE_QUEUED)
	running := job("ann", 1, jobv1.State_STATE_TRANSCRIBING)
	mustRecord(t, store, change(queued, 3), change(running, 7))

	mustRecord(t, store, change(queued, 3)) // once more
	mustRecord(t, store, change(job("ann", 1, jobv1.State_STATE_PREPROCESSING), 5))

	wantJob(t, store, running, 7)
}

func givesTheSameRowInAnyOrder(t *testing.T, store history.Store) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 20 {
		events := []record.Change{
			change(job("ann", n, jobv1.State_STATE_QUEUED), 10),
			change(job("ann", n, jobv1.State_STATE_PREPROCESSING), 11),
			change(job("ann", n, jobv1.State_STATE_TRANSCRIBING), 15),
			change(job("ann", n, jobv1.State_STATE_ASSEMBLING), 16),
			{Job: completed(n), Revision: 20, Transcript: words()},
		}
		events = append(events, events[random.IntN(5)], events[random.IntN(5)])
		random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		cut := random.IntN(len(events))

		mustRecord(t, store, events[:cut]...)
		mustRecord(t, store, events[cut:]...)

		wantJob(t, store, completed(n), 20)
		if _, err := store.Transcript(t.Context(), "ann", events[0].Job.GetId()); err != nil {
			t.Errorf("order %v: %v", events, err)
		}
	}
	wantTotal(t, store, "ann", 20)
}

func storesAllOrNone(t *testing.T, store history.Store) {
	good := job("ann", 1, jobv1.State_STATE_QUEUED)
	bad := job("ann", 2, jobv1.State(99))

	err := store.Record(t.Context(), []record.Change{change(good, 1), change(bad, 2)})

	if err == nil {
		t.Error("a record of an unknown state was stored")
	}
	_, _, err = store.Job(t.Context(), "ann", good.GetId())
	wantNotFound(t, "the other half of a batch", err)
	wantTotal(t, store, "ann", 0)
}

func keepsEveryKindOfText(t *testing.T, store history.Store) {
	names := []string{"", "Интервью №1.mp3", "a'; DROP TABLE users; --", "🎙️.wav", "two\nlines", "%_\\"}
	for n, name := range names {
		record := job("o'brien@example.org", n, jobv1.State_STATE_FAILED)
		record.Input.Name = name
		record.Error = &jobv1.Error{Code: "corrupt_media", Message: name}
		mustRecord(t, store, change(record, uint64(n+1)))
		wantJob(t, store, record, uint64(n+1))
	}
}

func takesWhatMakesNoSense(t *testing.T, store history.Store) {
	odd := job("ann", 1, jobv1.State_STATE_FAILED)
	odd.Input.Name = "a\x00b" + strings.Repeat("ы", 3000)
	odd.CreatedAt = &timestamppb.Timestamp{Seconds: -1 << 60}
	odd.StartedAt = &timestamppb.Timestamp{Seconds: 1 << 40}
	odd.Error = &jobv1.Error{Code: "\x00"}
	odd.Attempt = math.MaxUint32
	done := completed(2)
	spoken := &jobv1.Transcript{Segments: []*jobv1.Segment{{Text: "nothing\x00"}}}

	mustRecord(t, store, change(odd, 1), record.Change{Job: done, Revision: 2, Transcript: spoken})

	wantJob(t, store, odd, 1)
	if got, err := store.Transcript(t.Context(), "ann", done.GetId()); err != nil || !proto.Equal(got, spoken) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, unusable := range []*jobv1.Job{{Id: "a\x00", UserId: "ann", State: 1}, {Id: "a", UserId: "\x00", State: 1}} {
		if err := store.Record(t.Context(), []record.Change{change(unusable, 3)}); err == nil || fault.Is(err, fault.Unavailable) {
			t.Errorf("%v: got %v; it is nothing to try again", unusable, err)
		}
	}
	_, _, err := store.Job(t.Context(), "ann", "a\x00")
	wantNotFound(t, "an id that cannot be", err)
}

func countsWhatIsNotDeleted(t *testing.T, store history.Store) {
	mustRecord(t, store, change(job("ann", 1, jobv1.State_STATE_QUEUED), 1), change(job("ann", 2, jobv1.State_STATE_QUEUED), 2))
	mustRecord(t, store, change(job("bob", 1, jobv1.State_STATE_QUEUED), 3))
	wantTotal(t, store, "ann", 2)

	gone := job("ann", 1, jobv1.State_STATE_DELETED)
	mustRecord(t, store, change(gone, 4))
	mustRecord(t, store, change(gone, 4))                                          // once more
	mustRecord(t, store, change(gone, 9))                                          // deleted twice
	mustRecord(t, store, change(job("ann", 3, jobv1.State_STATE_DELETED), 5))      // never seen before
	mustRecord(t, store, change(job("ann", 2, jobv1.State_STATE_QUEUED), 2))       // old news
	mustRecord(t, store, change(job("ann", 2, jobv1.State_STATE_TRANSCRIBING), 6)) // a change
	mustRecord(t, store, change(completed(4), 7), change(completed(4), 7))         // twice in a batch
	mustRecord(t, store, change(completed(5), 8),                                  // comes and goes
		change(job("ann", 5, jobv1.State_STATE_DELETED), 10))

	wantTotal(t, store, "ann", 2)
	wantTotal(t, store, "bob", 1)
}

func leavesNothingButATombstone(t *testing.T, store history.Store) {
	done := completed(1)
	mustRecord(t, store, record.Change{Job: done, Revision: 5, Transcript: words()})

	mustRecord(t, store, change(job("ann", 1, jobv1.State_STATE_DELETED), 6))

	_, _, err := store.Job(t.Context(), "ann", done.GetId())
	wantNotFound(t, "job", err)
	_, err = store.Transcript(t.Context(), "ann", done.GetId())
	wantNotFound(t, "transcript", err)
	page, err := store.Page(t.Context(), record.Query{UserID: "ann", Limit: 10, Status: []string{record.Deleted}})
	if err != nil || len(page.Jobs) != 0 || page.Total != 0 {
		t.Errorf("page %v, %v; want an empty one", page, err)
	}
}

func deletionIsFinal(t *testing.T, store history.Store) {
	mustRecord(t, store, change(job("ann", 1, jobv1.State_STATE_DELETED), 6))

	mustRecord(t, store, record.Change{Job: completed(1), Revision: 5, Transcript: words()}) // late
	mustRecord(t, store, record.Change{Job: completed(1), Revision: 8, Transcript: words()}) // wrong

	id := completed(1).GetId()
	_, _, err := store.Job(t.Context(), "ann", id)
	wantNotFound(t, "job", err)
	_, err = store.Transcript(t.Context(), "ann", id)
	wantNotFound(t, "transcript", err)
	if ok, err := store.Confirmed(t.Context(), id, 100); !ok || err != nil {
		t.Errorf("a tombstone answers for every revision: got %v, %v", ok, err)
	}
}

func deletionWinsAfterTheBusStartedAnew(t *testing.T, store history.Store) {
	mustRecord(t, store, record.Change{Job: completed(1), Revision: 5000, Transcript: words()})

	mustRecord(t, store, change(job("ann", 1, jobv1.State_STATE_DELETED), 3)) // revisions begin at 1 again

	_, _, err := store.Job(t.Context(), "ann", completed(1).GetId())
	wantNotFound(t, "job", err)
	wantTotal(t, store, "ann", 0)
}

func transcriptBelongsToItsOwner(t *testing.T, store history.Store) {
	done := completed(1)
	mustRecord(t, store, record.Change{Job: done, Revision: 1, Transcript: words()})

	got, err := store.Transcript(t.Context(), "ann", done.GetId())
	if err != nil || !proto.Equal(got, words()) {
		t.Errorf("got %v, %v", got, err)
	}
	_, err = store.Transcript(t.Context(), "bob", done.GetId())
	wantNotFound(t, "somebody else's transcript", err)
	_, _, err = store.Job(t.Context(), "bob", done.GetId())
	wantNotFound(t, "somebody else's job", err)
}

func transcriptSurvivesWhatIsNotNewer(t *testing.T, store history.Store) {
	done := completed(1)
	mustRecord(t, store, record.Change{Job: done, Revision: 5, Transcript: words()})

	mustRecord(t, store, record.Change{Job: done, Revision: 5}) // again, its blob is gone by now
	mustRecord(t, store, record.Change{Job: done, Revision: 6}) // a note on the same attempt

	if got, err := store.Transcript(t.Context(), "ann", done.GetId()); err != nil || !proto.Equal(got, words()) {
		t.Errorf("got %v, %v", got, err)
	}
}

func transcriptEndsWithItsAttempt(t *testing.T, store history.Store) {
	mustRecord(t, store, record.Change{Job: completed(1), Revision: 5, Transcript: words()})

	again := job("ann", 1, jobv1.State_STATE_QUEUED)
	again.Attempt = 2
	mustRecord(t, store, change(again, 6))

	_, err := store.Transcript(t.Context(), "ann", again.GetId())
	wantNotFound(t, "transcript of the first attempt", err)
	wantJob(t, store, again, 6)
}

func confirmedHoldsUpToTheStoredRevision(t *testing.T, store history.Store) {
	queued := job("ann", 1, jobv1.State_STATE_QUEUED)
	mustRecord(t, store, change(queued, 7))
	for revision, want := range map[uint64]bool{6: true, 7: true, 8: false} {
		got, err := store.Confirmed(t.Context(), queued.GetId(), revision)
		if err != nil || got != want {
			t.Errorf("revision %d: %v, %v; want %v", revision, got, err, want)
		}
	}
	if got, err := store.Confirmed(t.Context(), "never made", 1); got || err != nil {
		t.Errorf("an unknown job: %v, %v", got, err)
	}
}

func confirmedWantsTheTranscript(t *testing.T, store history.Store) {
	bare, whole, again := completed(1), completed(2), completed(3)
	again.Attempt = 2
	mustRecord(t, store, change(bare, 5), record.Change{Job: whole, Revision: 6, Transcript: words()})
	mustRecord(t, store, record.Change{Job: completed(3), Revision: 7, Transcript: words()}, change(again, 8))

	wantConfirmed(t, store, bare, 5, false)
	wantConfirmed(t, store, whole, 6, true)
	wantConfirmed(t, store, again, 8, false) // the transcript was of the first attempt
	if got, revision, err := store.Lacking(t.Context(), bare.GetId()); err != nil || !proto.Equal(got, bare) || revision != 5 {
		t.Errorf("lacking: %v at %d, %v", got, revision, err)
	}
	_, _, err := store.Lacking(t.Context(), whole.GetId())
	wantNotFound(t, "a job that lacks nothing", err)

	mustRecord(t, store, change(job("ann", 1, jobv1.State_STATE_DELETED), 9))
	wantConfirmed(t, store, bare, 9, true)
	_, _, err = store.Lacking(t.Context(), bare.GetId())
	wantNotFound(t, "a deleted job", err)
}

func fillsInAMissingTranscript(t *testing.T, store history.Store) {
	done := completed(1)
	again := completed(2)
	again.Attempt = 2
	mustRecord(t, store, change(done, 5), change(again, 6), change(job("ann", 3, jobv1.State_STATE_DELETED), 7))

	mustRecord(t, store, record.Change{Job: done, Revision: 5, Transcript: words()})         // redelivered
	mustRecord(t, store, record.Change{Job: completed(2), Revision: 4, Transcript: words()}) // an attempt that is over
	mustRecord(t, store, record.Change{Job: completed(3), Revision: 7, Transcript: words()}) // deleted

	wantConfirmed(t, store, done, 5, true)
	wantConfirmed(t, store, again, 6, false)
	if got, err := store.Transcript(t.Context(), "ann", done.GetId()); err != nil || !proto.Equal(got, words()) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, id := range []string{again.GetId(), completed(3).GetId()} {
		_, err := store.Transcript(t.Context(), "ann", id)
		wantNotFound(t, "a transcript that is not the row's", err)
	}
}

func wantConfirmed(t *testing.T, store history.Store, job *jobv1.Job, revision uint64, want bool) {
	t.Helper()
	got, err := store.Confirmed(t.Context(), job.GetId(), revision)
	if err != nil || got != want {
		t.Errorf("job %s at %d: confirmed %v, %v; want %v", job.GetId(), revision, got, err, want)
	}
}
