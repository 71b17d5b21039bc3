// Package storetest is the suite that every cache store passes.
package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/cache"
	"github.com/stenomesh/stenomesh/services/cache/internal/rate"
)

// Capacity is what the stores of the suite hold, in bytes.
const Capacity = 1 << 20

// Run runs what holds for every store. open returns an empty store that ends with
// the test.
func Run(t *testing.T, open func(t *testing.T) cache.Store) {
	run(t, open, map[string]func(t *testing.T, store cache.Store){
		"Get_findsWhatWasSet":              findsWhatWasSet,
		"Get_missesWhatIsOverItsTime":      missesWhatIsOverItsTime,
		"Set_renewsTheTime":                renewsTheTime,
		"Delete_removesKeysAndPrefixes":    removesKeysAndPrefixes,
		"Take_letsThroughTheRateAndNoMore": letsThroughTheRate,
		"Take_letsThroughAgainInTime":      letsThroughAgain,
		"EveryCall_endsWithItsContext":     everyCallEndsWithItsContext,
		"Close_dropsEverythingAndIsNoTrap": closeDropsEverything,
	})
}

// RunCounted runs what holds for stores in this process, which count what they
// hold. open returns an empty store of Capacity that ends with the test.
func RunCounted(t *testing.T, open func(t *testing.T) cache.Store) {
	run(t, open, map[string]func(t *testing.T, store cache.Store){
		"Store_staysWithinItsCapacity":    staysWithinItsCapacity,
		"Stats_countByKind":               countByKind,
		"Stats_countWhatIsOverAsEvicted":  countWhatIsOverAsEvicted,
		"Stats_countNoDeletionAsEviction": countNoDeletionAsEviction,
		"Stats_addUpAfterManyAtOnce":      addUpAfterManyAtOnce,
		"Stats_holdWhenKeysComeBack":      holdWhenKeysComeBack,
	})
}

func run(t *testing.T, open func(t *testing.T) cache.Store, stories map[string]func(t *testing.T, store cache.Store)) {
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(t, open(t))
		})
	}
}

func findsWhatWasSet(t *testing.T, store cache.Store) {
	values := map[string]string{"page:ann:1": "first", "page:ann:2": "", "transcript:x": "слова\x00\xff"}
	for key, value := range values {
		set(t, store, key, value, time.Hour)
	}
	set(t, store, "page:ann:1", "second", time.Hour)
	values["page:ann:1"] = "second"

	for key, want := range values {
		wantValue(t, store, key, want)
	}
	wantMiss(t, store, "page:ann:3")
}

func missesWhatIsOverItsTime(t *testing.T, store cache.Store) {
	set(t, store, "page:short", "x", time.Millisecond)
	set(t, store, "page:long", "y", time.Hour)

	testkit.Eventually(t, "the short one is over", func() bool { return !has(t, store, "page:short") })

	wantValue(t, store, "page:long", "y")
}

func renewsTheTime(t *testing.T, store cache.Store) {
	set(t, store, "page:a", "x", 20*time.Millisecond)
	set(t, store, "page:a", "y", time.Hour)
	set(t, store, "page:b", "x", time.Hour)
	set(t, store, "page:b", "y", time.Millisecond)

	testkit.Eventually(t, "the second time counts", func() bool { return !has(t, store, "page:b") })
	set(t, store, "page:c", "x", 20*time.Millisecond)
	testkit.Eventually(t, "the first time of a is over", func() bool { return !has(t, store, "page:c") })

	wantValue(t, store, "page:a", "y")
}

func removesKeysAndPrefixes(t *testing.T, store cache.Store) {
	keys := []string{"page:ann:1", "page:ann:2:10", "page:anna:1", "page:bob", "transcript:1", "transcript:2"}
	prefixes := map[string][]string{
		"nothing:":    {"page:ann:1", "page:ann:2:10", "page:anna:1", "page:bob", "transcript:2"},
		"page:ann:":   {"page:anna:1", "page:bob", "transcript:2"},
		"page:ann:2:": {"page:ann:1", "page:anna:1", "page:bob", "transcript:2"},
		"page:ann":    {"page:bob", "transcript:2"},
		"page:":       {"transcript:2"},
		"page:bob":    {"page:ann:1", "page:ann:2:10", "page:anna:1", "transcript:2"},
	}

	for prefix, left := range prefixes {
		for _, key := range keys {
			set(t, store, key, "x", time.Hour)
		}
		if err := store.Delete(t.Context(), []string{"transcript:1", "never:set"}, []string{prefix}); err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			if slices.Contains(left, key) != has(t, store, key) {
				t.Errorf("prefix %q: %s found %v", prefix, key, has(t, store, key))
			}
		}
	}
}

func everyCallEndsWithItsContext(t *testing.T, store cache.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, getErr := store.Get(ctx, "page:1")
	_, statsErr := store.Stats(ctx)
	_, takeErr := store.Take(ctx, "rate:1", rate.Rate{Limit: 1, Period: time.Hour})
	for name, err := range map[string]error{
		"get": getErr, "stats": statsErr, "take": takeErr, "check": store.Check(ctx),
		"set":    store.Set(ctx, "page:1", nil, time.Hour),
		"delete": store.Delete(ctx, []string{"page:1"}, []string{"page:"}),
	} {
		if !fault.Is(err, fault.Cancelled) {
			t.Errorf("%s: got %v, want cancelled", name, err)
		}
	}
}

func closeDropsEverything(t *testing.T, store cache.Store) {
	set(t, store, "page:1", "x", time.Hour)

	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Errorf("a second time: %v", err)
	}
	wantMiss(t, store, "page:1")
}

func set(t *testing.T, store cache.Store, key, value string, ttl time.Duration) {
	t.Helper()
	if err := store.Set(context.Background(), key, []byte(value), ttl); err != nil {
		t.Errorf("set %s: %v", key, err)
	}
}

func has(t *testing.T, store cache.Store, key string) bool {
	t.Helper()
	_, found, err := store.Get(context.Background(), key)
	if err != nil {
		t.Errorf("get %s: %v", key, err)
	}
	return found
}

func wantValue(t *testing.T, store cache.Store, key, want string) {
	t.Helper()
	value, found, err := store.Get(t.Context(), key)
	if err != nil || !found || string(value) != want {
		t.Errorf("%s: got %q, %v, %v; want %q", key, value, found, err, want)
	}
}

func wantMiss(t *testing.T, store cache.Store, key string) {
	t.Helper()
	if has(t, store, key) {
		t.Errorf("%s is still there", key)
	}
}
