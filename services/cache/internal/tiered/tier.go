package tiered

import (
	"context"
	"hash/maphash"
	"sync"
	"time"

	"github.com/stenomesh/stenomesh/services/cache/internal/memory"
)

// longest is how long the tier holds an entry. What others change is told at once;
// this bounds the harm if it ever is not.
const longest = time.Minute

// tier is the entries this process holds itself. A value that was read from the
// server may be out of date when it arrives here: somebody has changed it on the
// way. So each change counts, and what set out before one is not put in. While the
// server is away the tier is empty: all was dropped, and nothing comes in.
type tier struct {
	entries *memory.Store
	seed    maphash.Seed

	mu      sync.Mutex  // held while entries change
	all     uint64      // changes that may concern any key
	changes [256]uint64 // by a hash of the key
}

// moment is a point in the changes that concern a key.
type moment uint64

func newTier(capacity uint64) (*tier, error) {
	entries, err := memory.New(capacity)
	if err != nil {
		return nil, err
	}
	return &tier{entries: entries, seed: maphash.MakeSeed()}, nil
}

func (t *tier) counter(key string) *uint64 {
	return &t.changes[maphash.String(t.seed, key)%uint64(len(t.changes))]
}

// now is the moment at which the reading or writing of a key sets out.
func (t *tier) now(key string) moment {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.moment(key)
}

// moment is the sum of two counters that only grow. Callers hold mu.
func (t *tier) moment(key string) moment { return moment(t.all + *t.counter(key)) }

// fill puts in what was read from the server, unless it has changed meanwhile.
func (t *tier) fill(since moment, key string, value []byte, left time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.moment(key) == since {
		t.put(key, value, left)
	}
}

// replace puts in what was written to the server, unless another has changed it
// meanwhile; then it holds nothing.
func (t *tier) replace(since moment, key string, value []byte, left time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	current := t.moment(key) == since
	*t.counter(key)++
	if current {
		t.put(key, value, left)
	} else {
		t.drop([]string{key}, nil)
	}
}

// Changed drops entries.
func (t *tier) Changed(keys, prefixes []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, key := range keys {
		*t.counter(key)++
	}
	if len(prefixes) > 0 {
		t.all++
	}
	t.drop(keys, prefixes)
}

// Lost drops everything.
func (t *tier) Lost() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all++
	t.entries.Clear()
}

func (t *tier) put(key string, value []byte, left time.Duration) {
	_ = t.entries.Set(context.Background(), key, value, min(left, longest)) // fails only with its context
}

func (t *tier) drop(keys, prefixes []string) {
	_ = t.entries.Delete(context.Background(), keys, prefixes) // fails only with its context
}
