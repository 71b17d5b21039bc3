package memory_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/cache"
	"github.com/stenomesh/stenomesh/services/cache/internal/memory"
	"github.com/stenomesh/stenomesh/services/cache/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	opened := func(t *testing.T) cache.Store { return open(t, storetest.Capacity) }
	storetest.Run(t, opened)
	storetest.RunCounted(t, opened)
}

func TestStore_doesNotHoldWhatIsLargerThanItself(t *testing.T) {
	t.Parallel()
	store := open(t, storetest.Capacity)
	if err := store.Set(t.Context(), "huge:1", make([]byte, 2*storetest.Capacity), time.Hour); err != nil {
		t.Fatal(err)
	}

	testkit.Eventually(t, "it is dropped", func() bool {
		_, found := store.Peek("huge:1")
		return !found
	})
}

// BenchmarkDelete removes one prefix of ten keys among 100 000 others.
func BenchmarkDelete(b *testing.B) {
	store := open(b, 256<<20)
	fill := func(prefix string, n int) {
		for i := range n {
			if err := store.Set(b.Context(), fmt.Sprintf("%s:%d", prefix, i), []byte("a page"), time.Hour); err != nil {
				b.Fatal(err)
			}
		}
	}
	fill("page:others", 100_000)
	for b.Loop() {
		fill("page:ann", 10)
		if err := store.Delete(b.Context(), nil, []string{"page:ann:"}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGet reads a key that is there.
func BenchmarkGet(b *testing.B) {
	store := open(b, 1<<20)
	if err := store.Set(b.Context(), "page:1", []byte("a page"), time.Hour); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, found, err := store.Get(b.Context(), "page:1"); !found || err != nil {
			b.Fatal(found, err)
		}
	}
}

func open(t testing.TB, capacity uint64) *memory.Store {
	t.Helper()
	store, err := memory.New(capacity)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}
