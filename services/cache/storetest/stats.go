package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/cache"
	"github.com/stenomesh/stenomesh/services/cache/internal/stats"
)

func staysWithinItsCapacity(t *testing.T, store cache.Store) {
	value := string(make([]byte, 10_000))
	for n := range 1000 { // ten times what fits
		set(t, store, fmt.Sprintf("page:%d", n), value, time.Hour)
	}
	set(t, store, "huge:1", string(make([]byte, 2*Capacity)), time.Hour)

	testkit.Eventually(t, "there is room again", func() bool {
		return statsOf(t, store, "page").Bytes+statsOf(t, store, "huge").Bytes <= Capacity
	})
	kind := statsOf(t, store, "page")
	if kind.Entries == 0 || kind.Evictions == 0 || kind.Bytes != kind.Entries*10_000 {
		t.Errorf("got %+v", kind)
	}
}

func countByKind(t *testing.T, store cache.Store) {
	set(t, store, "page:1", "12345", time.Hour)
	set(t, store, "page:2", "123", time.Hour)
	set(t, store, "page:2", "1", time.Hour)
	set(t, store, "transcript:1", "1234567", time.Hour)
	has(t, store, "page:1")
	has(t, store, "page:1")
	has(t, store, "page:9")
	has(t, store, "model:1")

	kinds, err := store.Stats(t.Context())
	if err != nil || !slices.IsSortedFunc(kinds, func(a, b stats.Kind) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("got %+v, %v; want them in order", kinds, err)
	}
	for _, want := range []stats.Kind{
		{Name: "model", Misses: 1},
		{Name: "page", Hits: 2, Misses: 1, Entries: 2, Bytes: 6},
		{Name: "transcript", Entries: 1, Bytes: 7},
	} {
		if got := statsOf(t, store, want.Name); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func countWhatIsOverAsEvicted(t *testing.T, store cache.Store) {
	set(t, store, "page:short", "x", time.Millisecond)
	set(t, store, "page:long", "y", time.Hour)

	testkit.Eventually(t, "one is held and one counts as evicted", func() bool { // dropped a moment after its time
		kind := statsOf(t, store, "page")
		return kind.Entries == 1 && kind.Evictions == 1
	})
}

func countNoDeletionAsEviction(t *testing.T, store cache.Store) {
	set(t, store, "page:1", "x", time.Hour)
	set(t, store, "page:ann:1", "x", time.Hour)

	if err := store.Delete(t.Context(), []string{"page:1"}, []string{"page:ann:"}); err != nil {
		t.Fatal(err)
	}

	if kind := statsOf(t, store, "page"); kind.Evictions != 0 || kind.Entries != 0 {
		t.Errorf("got %+v, want nothing held and nothing evicted", kind)
	}
}

func addUpAfterManyAtOnce(t *testing.T, store cache.Store) {
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for n := range 500 {
				key := fmt.Sprintf("page:%d", (worker+n)%50)
				switch n % 3 {
				case 0:
					set(t, store, key, "12345", time.Hour)
				case 1:
					has(t, store, key)
				default:
					if err := store.Delete(context.Background(), []string{key}, nil); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	if err := store.Delete(t.Context(), nil, []string{"page:"}); err != nil {
		t.Fatal(err)
	}
	if kind := statsOf(t, store, "page"); kind.Entries != 0 || kind.Bytes != 0 || kind.Hits+kind.Misses != 8*167 {
		t.Errorf("got %+v, want nothing held after %d reads", kind, 8*167)
	}
}

func holdWhenKeysComeBack(t *testing.T, store cache.Store) {
	for _, key := range []string{"page:ann:1", "page:ann:2"} {
		set(t, store, key, "x", time.Millisecond)
		testkit.Eventually(t, "its time is over", func() bool { return !has(t, store, key) })
	}

	set(t, store, "page:ann:1", "xy", time.Hour)
	if err := store.Delete(t.Context(), []string{"page:ann:2"}, nil); err != nil {
		t.Fatal(err)
	}

	if kind := statsOf(t, store, "page"); kind.Entries != 1 || kind.Bytes != 2 {
		t.Errorf("got %+v, want one entry of two bytes", kind)
	}
}

func statsOf(t *testing.T, store cache.Store, kind string) stats.Kind {
	t.Helper()
	kinds, err := store.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		if k.Name == kind {
			return k
		}
	}
	return stats.Kind{}
}
