package storetest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// recordUser makes an account and jobs of every kind: running, completed with a
// transcript, deleted before. It returns the ids of the jobs.
func recordUser(t *testing.T, store history.Store, id string) []string {
	t.Helper()
	if _, err := store.CreateUser(t.Context(), user(id, id+"@example.org")); err != nil {
		t.Fatal(err)
	}
	mustKey(t, store, key(id, 1))
	running, done, gone := job(id, 1, jobv1.State_STATE_QUEUED), job(id, 2, jobv1.State_STATE_COMPLETED), job(id, 3, jobv1.State_STATE_DELETED)
	mustRecord(t, store, change(running, 5), record.Change{Job: done, Revision: 6, Transcript: words()}, change(gone, 7))
	second := proto.CloneOf(done)
	second.TranscriptVersion = 2
	mustRecord(t, store, record.Change{Job: second, Revision: 8, Transcript: words()})
	return []string{running.GetId(), done.GetId(), gone.GetId()}
}

func deleteUserLeavesTombstones(t *testing.T, store history.Store) {
	anns := recordUser(t, store, "ann")
	bobs := recordUser(t, store, "bob")

	ids, err := store.DeleteUser(t.Context(), "ann")

	if err != nil || !slices.Equal(ids, anns) {
		t.Errorf("got %v, %v; want %v", ids, err, anns)
	}
	_, err = store.UserByID(t.Context(), "ann")
	wantNotFound(t, "account", err)
	if n, err := store.CountUsers(t.Context()); err != nil || n != 1 {
		t.Errorf("%d accounts, %v; want bob's", n, err)
	}
	wantTotal(t, store, "ann", 0)
	_, err = store.KeyByHash(t.Context(), key("ann", 1).Hash)
	wantNotFound(t, "key", err)
	wantUsage(t, store, "ann", day, 0)
	mustRecord(t, store, record.Change{Job: job("ann", 2, jobv1.State_STATE_COMPLETED), Revision: 60, Transcript: words()}) // late
	for _, id := range anns {
		_, _, err := store.Job(t.Context(), "ann", id)
		wantNotFound(t, "job", err)
		_, err = store.Transcript(t.Context(), "ann", id)
		wantNotFound(t, "transcript", err)
		_, err = store.TranscriptVersion(t.Context(), "ann", id, 1)
		wantNotFound(t, "version of a transcript", err)
	}

	wantTotal(t, store, "bob", 2)
	if _, err := store.TranscriptVersion(t.Context(), "bob", bobs[1], 1); err != nil {
		t.Errorf("a version of somebody else's transcript: %v", err)
	}
	if _, err := store.Transcript(t.Context(), "bob", bobs[1]); err != nil {
		t.Errorf("somebody else's transcript: %v", err)
	}
	if _, err := store.KeyByHash(t.Context(), key("bob", 1).Hash); err != nil {
		t.Errorf("somebody else's key: %v", err)
	}
	wantUsage(t, store, "bob", day, 2*61*time.Second)
}

func deleteUserTellsTheSame(t *testing.T, store history.Store) {
	want := recordUser(t, store, "ann")
	for range 2 {
		if ids, err := store.DeleteUser(t.Context(), "ann"); err != nil || !slices.Equal(ids, want) {
			t.Errorf("got %v, %v; want %v", ids, err, want)
		}
	}
	if ids, err := store.DeleteUser(t.Context(), "nobody"); err != nil || len(ids) != 0 {
		t.Errorf("of nobody: %v, %v", ids, err)
	}
	if n, err := store.CountUsers(t.Context()); err != nil || n != 0 {
		t.Errorf("%d accounts, %v; want none", n, err)
	}

	recordUser(t, store, "ann") // the same person once more
	mustRecord(t, store, change(job("ann", 9, jobv1.State_STATE_QUEUED), 90))
	wantTotal(t, store, "ann", 1)
}

func deleteUserComesBetweenRecorders(t *testing.T, store history.Store) {
	changes, _ := feed("ann", 8)
	var replicas sync.WaitGroup
	for seed := range uint64(2) {
		replicas.Go(func() { deliver(t, store, changes, seed) })
	}
	replicas.Go(func() {
		for range 3 {
			if _, err := store.DeleteUser(t.Context(), "ann"); err != nil {
				t.Error(err)
			}
		}
	})
	replicas.Wait()

	ids, err := store.DeleteUser(t.Context(), "ann")

	if err != nil || len(ids) != 8 {
		t.Errorf("got %v, %v; want 8 jobs", ids, err)
	}
	wantTotal(t, store, "ann", 0)
	for _, id := range ids {
		_, err := store.Transcript(t.Context(), "ann", id)
		wantNotFound(t, "transcript", err)
	}
}
