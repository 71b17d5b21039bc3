// Package memory is the cache tier inside the process: all of the cache, or what
// package tiered holds before a server. It holds a bounded number of bytes and,
// when it is full, drops what is read least (W-TinyLFU).
package memory

import (
	"context"
	"math"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/stenomesh/stenomesh/services/cache/internal/rate"
	"github.com/stenomesh/stenomesh/services/cache/internal/stats"
)

// overhead is what an entry costs beside its key and value, in bytes, roughly.
const overhead = 256

// Store holds the entries.
type Store struct {
	entries *otter.Cache[string, entry]
	counts  *stats.Counters
	groups  *groups
	rates   *rate.Local
}

type entry struct {
	value []byte
	ttl   time.Duration
}

// New returns an empty store of that many bytes.
func New(capacity uint64) (*Store, error) {
	s := &Store{counts: stats.New(), groups: newGroups(), rates: rate.NewLocal()}
	var err error
	s.entries, err = otter.New(&otter.Options[string, entry]{
		MaximumWeight: capacity,
		Weigher:       weight,
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[string, entry]) time.Duration {
			return e.Value.ttl
		}),
		OnAtomicDeletion: func(e otter.DeletionEvent[string, entry]) {
			s.counts.Removed(e.Key, len(e.Value.value), e.WasEvicted())
			s.groups.remove(e.Key)
		},
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

func weight(key string, e entry) uint32 {
	return uint32(min(len(key)+len(e.value)+overhead, math.MaxUint32))
}

// Get returns the value of a key.
func (s *Store) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	value, found := s.Peek(key)
	s.Count(key, found)
	return value, found, nil
}

// Peek returns the value of a key without counting the read.
func (s *Store) Peek(key string) (value []byte, found bool) {
	entry, found := s.entries.GetIfPresent(key)
	return entry.value, found
}

// Count counts a read that Peek has not.
func (s *Store) Count(key string, found bool) { s.counts.Read(key, found) }

// Set stores a value.
func (s *Store) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.counts.Added(key, len(value))
	s.groups.add(key) // before the value can be found, so that a deletion sees it
	s.entries.Set(key, entry{value: value, ttl: ttl})
	return nil
}

// Delete removes keys and all that begin with a prefix.
func (s *Store) Delete(ctx context.Context, keys, prefixes []string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, key := range keys {
		s.entries.Invalidate(key)
	}
	for _, prefix := range prefixes {
		for _, key := range s.groups.withPrefix(prefix) {
			s.entries.Invalidate(key)
		}
	}
	return nil
}

// Take counts an event of a key in this process.
func (s *Store) Take(ctx context.Context, key string, r rate.Rate) (rate.Verdict, error) {
	if err := ctx.Err(); err != nil {
		return rate.Verdict{}, err
	}
	return s.rates.Take(key, r, time.Now()), nil
}

// Stats first drops what is over its time, so that it is not counted as held.
func (s *Store) Stats(ctx context.Context) ([]stats.Kind, error) {
	s.entries.CleanUp()
	return s.counts.Kinds(), ctx.Err()
}

// Check has nothing that could fail.
func (s *Store) Check(ctx context.Context) error { return ctx.Err() }

// Clear drops everything.
func (s *Store) Clear() { s.entries.InvalidateAll() }

// Close drops everything and stops the upkeep.
func (s *Store) Close() error {
	s.Clear()
	s.entries.StopAllGoroutines()
	return nil
}
