package storetest

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// worked returns a completed job of ann that took this long, made so many days after
// the first.
func worked(n, days int, took time.Duration) *jobv1.Job {
	done := completed(n)
	done.CreatedAt.Seconds += int64(days) * 24 * 60 * 60
	done.StartedAt = timestamppb.New(created)
	done.FinishedAt = timestamppb.New(created.Add(took))
	return done
}

func statisticsAreWhatTheRowsComeTo(t *testing.T, store history.Store) {
	english := worked(2, 1, 3*time.Second)
	english.Language, english.Options.ResolvedModel = "en", "large"
	mustRecord(t, store,
		change(job("ann", 0, jobv1.State_STATE_QUEUED), 1),
		change(worked(1, 0, 2*time.Second), 2), change(english, 3),
		change(job("ann", 3, jobv1.State_STATE_FAILED), 4),
		change(completed(4), 5), change(job("bob", 5, jobv1.State_STATE_CANCELLED), 6))
	mustRecord(t, store, change(job("ann", 0, jobv1.State_STATE_TRANSCRIBING), 7))
	mustRecord(t, store, change(job("ann", 4, jobv1.State_STATE_DELETED), 8), change(job("ann", 9, jobv1.State_STATE_DELETED), 9))
	mustRecord(t, store, change(worked(1, 0, 2*time.Second), 2)) // old news

	day := created.Unix() / (24 * 60 * 60)
	one := record.Sums{Jobs: 1, AudioMS: 61_000}
	ofFirst, ofEnglish := one, one
	ofFirst.WorkMS, ofFirst.WorkedMS = 2000, 61_000
	ofEnglish.WorkMS, ofEnglish.WorkedMS = 3000, 61_000
	want := record.UserStatistics{
		record.ByState: {{Name: "completed", Sums: record.Sums{Jobs: 2, AudioMS: 122_000, WorkMS: 5000, WorkedMS: 122_000}},
			{Name: "failed", Sums: one}, {Name: "transcribing", Sums: one}},
		record.ByLanguage: {{Name: "en", Sums: ofEnglish}, {Name: "ru", Sums: ofFirst}},
		record.ByModel:    {{Name: "demo", Sums: ofFirst}, {Name: "large", Sums: ofEnglish}},
		record.ByDay:      {{Name: record.DayName(day), Sums: ofFirst}, {Name: record.DayName(day + 1), Sums: ofEnglish}},
	}
	wantStatistics(t, store, "ann", day, want)
	recount(t, store) // from the rows it is the same
	wantStatistics(t, store, "ann", day, want)
	delete(want, record.ByDay)
	wantStatistics(t, store, "ann", day+2, want)
	wantStatistics(t, store, "nobody", 0, record.UserStatistics{})
	wantSystem(t, store, map[string]int64{"completed": 2, "failed": 1, "transcribing": 1, "cancelled": 1})
}

func wantStatistics(t *testing.T, store history.Store, user string, fromDay int64, want record.UserStatistics) {
	t.Helper()
	got, err := store.UserStatistics(t.Context(), user, fromDay)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, %v; want %v", user, got, err, want)
	}
}

// wantSystem compares the numbers of jobs by state.
func wantSystem(t *testing.T, store history.Store, want map[string]int64) {
	t.Helper()
	tallies, err := store.SystemStatistics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, tally := range tallies {
		if tally.Jobs != 0 {
			got[tally.Name] = tally.Jobs
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("system: got %v, want %v", got, want)
	}
}

// recount counts all users anew.
func recount(t *testing.T, store history.Store) {
	t.Helper()
	for _, level := range []int{1, 2} {
		users := 0
		for last := ""; ; users++ {
			next, err := store.CountMissing(t.Context(), level, last)
			if err != nil {
				t.Fatal(err)
			}
			if next == "" {
				break
			}
			last = next
		}
		if users == 0 {
			t.Errorf("nobody was counted at level %d", level)
		}
	}
}

func statisticsAddUp(t *testing.T, store history.Store) {
	anns, annLive := feed("ann", 8)
	bobs, bobLive := feed("bob", 8)
	var replicas sync.WaitGroup
	for seed := range uint64(2) {
		replicas.Go(func() { deliver(t, store, anns, seed) })
		replicas.Go(func() { deliver(t, store, bobs, seed) })
	}
	replicas.Go(func() {
		last := ""
		for range 20 { // while they record
			var err error
			if last, err = store.CountMissing(t.Context(), 2, last); err != nil {
				t.Error(err)
			}
		}
	})
	replicas.Wait()

	wantSystem(t, store, map[string]int64{"completed": annLive + bobLive})
	got, err := store.UserStatistics(t.Context(), "ann", 0)
	if err != nil || len(got[record.ByState]) != 1 || got[record.ByState][0].Jobs != annLive || got[record.ByDay][0].Jobs != annLive {
		t.Errorf("got %v, %v; want %d completed jobs", got, err, annLive)
	}
}

func statisticsEndWithTheirUser(t *testing.T, store history.Store) {
	recordUser(t, store, "ann")
	recordUser(t, store, "bob")

	if _, err := store.DeleteUser(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}

	wantStatistics(t, store, "ann", 0, record.UserStatistics{})
	wantSystem(t, store, map[string]int64{"queued": 1, "completed": 1})
}

func upkeepFindsNothing(t *testing.T, store history.Store) {
	say(t, store, 0, "words")
	for _, step := range []func() (string, error){
		func() (string, error) { return store.IndexMissing(t.Context(), idsAt([]int{0})[0]) },
		func() (string, error) { return store.CountMissing(t.Context(), 1, "zed") },
	} {
		if next, err := step(); next != "" || err != nil {
			t.Errorf("got %q, %v", next, err)
		}
	}
	if got := search(t, store, "word"); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}

// Before is what the tables are emptied by so that they look as a version before, which
// knew neither searches nor statistics, has left them.
var Before = []string{
	`DELETE FROM transcript_words`, `DELETE FROM user_statistics`, `DELETE FROM system_statistics`, `UPDATE user_counters SET counted = 0`,
}

// CatchesUp shows that jobs of a version before are found and counted after upkeep.
// empty runs Before.
func CatchesUp(t *testing.T, store history.Store, empty func()) {
	t.Helper()
	for n := range 45 {
		mustRecord(t, store, record.Change{Job: worked(n, 0, time.Second), Revision: uint64(n + 1), Transcript: said("old words")})
	}
	empty()
	if got := search(t, store, "words"); len(got) != 0 {
		t.Fatalf("found %v without an index", got)
	}
	mustRecord(t, store, change(job("ann", 44, jobv1.State_STATE_DELETED), 50), change(job("bob", 46, jobv1.State_STATE_QUEUED), 51))
	say(t, store, 50, "new words")

	for last := "0"; last != ""; {
		var err error
		if last, err = store.IndexMissing(t.Context(), last); err != nil {
			t.Fatal(err)
		}
	}
	recount(t, store)

	if got := search(t, store, "old words"); len(got) != 44 {
		t.Errorf("%d are found, want 44", len(got))
	}
	wantSystem(t, store, map[string]int64{"completed": 45, "queued": 1})
	all, err := store.UserStatistics(t.Context(), "ann", 0)
	if want := (record.Sums{Jobs: 45, AudioMS: 45 * 61_000, WorkMS: 44_000, WorkedMS: 44 * 61_000}); err != nil || all[record.ByState][0].Sums != want {
		t.Errorf("got %v, %v; want %v", all, err, want)
	}
}
