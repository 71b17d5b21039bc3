package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/history"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

func key(user string, n int) record.Key {
	return record.Key{ID: fmt.Sprintf("%s-key-%03d", user, n), UserID: user, Hash: [32]byte{byte(n), user[0]},
		Name: "for CI №1 '\"", Prefix: "sk-ABCDEF", CreatedAt: created}
}

func mustKey(t *testing.T, store history.Store, k record.Key) {
	t.Helper()
	if err := store.CreateKey(t.Context(), k); err != nil {
		t.Fatal(err)
	}
}

func keysAreFoundByTheirHash(t *testing.T, store history.Store) {
	mustUsers(t, store, user("ann", "ann"), user("bob", "bob"))
	first, second := key("ann", 1), key("ann", 2)
	second.ExpiresAt = created.Add(time.Hour)
	mustKey(t, store, second)
	mustKey(t, store, first)
	mustKey(t, store, key("bob", 1))
	again := first
	again.Name = "another"
	mustKey(t, store, again) // the answer was lost

	for _, want := range []record.Key{first, second} {
		if got, err := store.KeyByHash(t.Context(), want.Hash); err != nil || got != want {
			t.Errorf("got %v, %v; want %v", got, err, want)
		}
	}
	if got, err := store.Keys(t.Context(), "ann"); err != nil || len(got) != 2 || got[0] != first || got[1] != second {
		t.Errorf("got %v, %v; want both in order", got, err)
	}
	_, err := store.KeyByHash(t.Context(), [32]byte{9})
	wantNotFound(t, "another hash", err)
	wantNotFound(t, "a key of nobody", store.CreateKey(t.Context(), key("nobody", 1)))
}

func keysAreRemovedByTheirOwner(t *testing.T, store history.Store) {
	mustUsers(t, store, user("ann", "ann"), user("bob", "bob"))
	mustKey(t, store, key("ann", 1))
	for _, owner := range []string{"bob", "ann", "ann"} { // twice is once
		if _, err := store.KeyByHash(t.Context(), key("ann", 1).Hash); owner == "bob" && err != nil {
			t.Errorf("before: %v", err)
		}
		if err := store.DeleteKey(t.Context(), owner, key("ann", 1).ID); err != nil {
			t.Fatal(err)
		}
		if keys, err := store.Keys(t.Context(), "ann"); owner == "bob" && (len(keys) != 1 || err != nil) {
			t.Errorf("somebody else has removed it: %v, %v", keys, err)
		}
	}
	_, err := store.KeyByHash(t.Context(), key("ann", 1).Hash)
	wantNotFound(t, "a key that was removed", err)
}

func keysOfAUserAreLimited(t *testing.T, store history.Store) {
	mustUsers(t, store, user("ann", "ann"), user("bob", "bob"))
	for n := range record.MostKeys - 1 {
		mustKey(t, store, key("ann", n))
	}
	var refused atomic.Int64
	var all sync.WaitGroup
	for n := range 3 {
		all.Go(func() {
			err := store.CreateKey(context.WithoutCancel(t.Context()), key("ann", 200+n))
			switch {
			case err != nil && fault.Of(err).Code == "too_many_keys":
				refused.Add(1)
			case err != nil:
				t.Error(err)
			}
		})
	}
	all.Wait()

	if refused.Load() != 2 {
		t.Errorf("%d of 3 refused, want 2", refused.Load())
	}
	mustKey(t, store, key("ann", 0)) // is there already
	mustKey(t, store, key("bob", 0))
}

func keysKnowTheirLastUse(t *testing.T, store history.Store) {
	mustUsers(t, store, user("ann", "ann"))
	mustKey(t, store, key("ann", 1))
	mustKey(t, store, key("ann", 2))
	later := created.Add(time.Hour)

	for _, at := range []time.Time{created, later, created} {
		uses := []record.KeyUse{{KeyID: key("ann", 1).ID, At: at}, {KeyID: "gone", At: at}}
		if err := store.NoteKeyUses(t.Context(), uses); err != nil {
			t.Fatal(err)
		}
	}

	got, err := store.Keys(t.Context(), "ann")
	if err != nil || len(got) != 2 || !got[0].LastUsedAt.Equal(later) || !got[1].LastUsedAt.IsZero() {
		t.Errorf("got %v, %v", got, err)
	}
}
