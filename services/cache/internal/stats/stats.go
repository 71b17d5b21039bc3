// Package stats counts how well each kind of cache entry is served.
package stats

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Kind counts one kind of entry since the start of the process.
type Kind struct {
	Name      string // the part of the keys before the first colon
	Hits      uint64 // reads that found a value
	Misses    uint64 // reads that found none
	Entries   uint64 // held now
	Evictions uint64 // removed for room or because their time was over
	Bytes     uint64 // of the values held now
}

// maxKinds bounds the table should somebody put ids where the kind belongs;
// what is beyond counts as "other".
const maxKinds = 64

// Counters counts by kind; safe for use by several goroutines. A nil value is
// not usable; make it with New.
type Counters struct {
	mu    sync.RWMutex
	kinds map[string]*counter
}

type counter struct {
	hits, misses, evictions atomic.Uint64
	entries, bytes          atomic.Int64
}

// New returns counters without kinds.
func New() *Counters { return &Counters{kinds: map[string]*counter{}} }

// Read counts a read.
func (c *Counters) Read(key string, found bool) {
	if kind := c.of(key); found {
		kind.hits.Add(1)
	} else {
		kind.misses.Add(1)
	}
}

// Added counts an entry that is held from now on.
func (c *Counters) Added(key string, size int) {
	kind := c.of(key)
	kind.entries.Add(1)
	kind.bytes.Add(int64(size))
}

// Removed counts an entry that is held no more. evicted tells removal by the
// store itself from a deletion or a replacement.
func (c *Counters) Removed(key string, size int, evicted bool) {
	kind := c.of(key)
	kind.entries.Add(-1)
	kind.bytes.Add(-int64(size))
	if evicted {
		kind.evictions.Add(1)
	}
}

// Kinds returns a row a kind in alphabetical order.
func (c *Counters) Kinds() []Kind {
	c.mu.RLock()
	defer c.mu.RUnlock()
	rows := make([]Kind, 0, len(c.kinds))
	for name, kind := range c.kinds {
		rows = append(rows, Kind{Name: name, Hits: kind.hits.Load(), Misses: kind.misses.Load(),
			Evictions: kind.evictions.Load(), Entries: atLeastZero(&kind.entries), Bytes: atLeastZero(&kind.bytes)})
	}
	slices.SortFunc(rows, func(a, b Kind) int { return strings.Compare(a.Name, b.Name) })
	return rows
}

func (c *Counters) of(key string) *counter {
	name, _, _ := strings.Cut(key, ":")
	c.mu.RLock()
	found := c.kinds[name]
	c.mu.RUnlock()
	if found != nil {
		return found
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.kinds) >= maxKinds {
		name = "other"
	}
	if c.kinds[name] == nil {
		c.kinds[name] = &counter{}
	}
	return c.kinds[name]
}

// atLeastZero hides the moment in which a removal is counted and the addition
// before it is not.
func atLeastZero(n *atomic.Int64) uint64 { return uint64(max(0, n.Load())) }
