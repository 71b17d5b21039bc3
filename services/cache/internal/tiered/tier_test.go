package tiered

import (
	"testing"
	"time"
)

func TestTier_doesNotTakeWhatHasChangedOnItsWay(t *testing.T) {
	t.Parallel()
	changes := map[string]struct {
		change func(*tier)
		taken  bool
	}{
		"nothing":             {func(*tier) {}, true},
		"the key":             {func(held *tier) { held.Changed([]string{"page:1"}, nil) }, false},
		"a prefix":            {func(held *tier) { held.Changed(nil, []string{"other:"}) }, false},
		"everything":          {func(held *tier) { held.Lost() }, false},
		"the key was set":     {func(held *tier) { held.replace(held.now("page:1"), "page:1", []byte("newer"), time.Hour) }, false},
		"another key was set": {func(held *tier) { held.replace(held.now(unrelated(held)), unrelated(held), nil, time.Hour) }, true},
	}
	for name, c := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for way, take := range map[string]func(*tier, moment){
				"read":    func(held *tier, since moment) { held.fill(since, "page:1", []byte("old"), time.Hour) },
				"written": func(held *tier, since moment) { held.replace(since, "page:1", []byte("old"), time.Hour) },
			} {
				held := open(t)
				since := held.now("page:1")
				c.change(held)

				take(held, since)

				if value, found := held.entries.Peek("page:1"); (found && string(value) == "old") != c.taken {
					t.Errorf("%s: holds %q, %v", way, value, found)
				}
			}
		})
	}
}

func TestTier_holdsNothingLongerThanTheServer(t *testing.T) {
	t.Parallel()
	held := open(t)
	held.fill(held.now("page:1"), "page:1", []byte("x"), time.Nanosecond)
	if _, found := held.entries.Peek("page:1"); found {
		t.Error("found after its time")
	}
}

// unrelated is a key whose changes are counted apart from those of page:1.
func unrelated(held *tier) string {
	key := "page:"
	for held.counter(key) == held.counter("page:1") {
		key += "x"
	}
	return key
}

func open(t *testing.T) *tier {
	t.Helper()
	held, err := newTier(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = held.entries.Close() })
	return held
}
