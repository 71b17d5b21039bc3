// Package tiered is the cache of several replicas: entries lie on a Redis server
// (package redis), and what a replica has used lately also in its own memory
// (package memory). What one replica deletes or replaces, the others drop from
// theirs. Without the server it finds nothing.
//
//	CacheService ──> Store ──> tier (memory, a minute)
//	                   └────> redis.Store ──> server ──> tiers of all replicas
package tiered

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/stenomesh/stenomesh/services/cache/internal/rate"
	"github.com/stenomesh/stenomesh/services/cache/internal/redis"
	"github.com/stenomesh/stenomesh/services/cache/internal/stats"
)

// Store is safe for use by several goroutines.
type Store struct {
	tier   *tier
	shared *redis.Store
	loads  singleflight.Group
}

// New returns a store with a tier of that many bytes. The server need not be there.
// The error is about the settings.
func New(capacity uint64, cfg redis.Config, log *slog.Logger) (*Store, error) {
	tier, err := newTier(capacity)
	if err != nil {
		return nil, err
	}
	shared, err := redis.New(cfg, tier, log)
	if err != nil {
		return nil, errors.Join(err, tier.entries.Close())
	}
	return &Store{tier: tier, shared: shared}, nil
}

// Up reports whether the server is in use.
func (s *Store) Up() bool { return s.shared.Up() }

// Get returns the value of a key.
func (s *Store) Get(ctx context.Context, key string) ([]byte, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	value, found := s.tier.entries.Peek(key)
	if !found {
		value, found = s.load(ctx, key)
	}
	s.tier.entries.Count(key, found)
	return value, found, nil
}

// load reads an entry from the server, once for all who ask at a time. Who asks
// after a change does not get what was read before it.
func (s *Store) load(ctx context.Context, key string) ([]byte, bool) {
	since := s.tier.now(key)
	answer, _, _ := s.loads.Do(fmt.Sprintf("%d %s", since, key), func() (any, error) {
		if value, found := s.tier.entries.Peek(key); found { // it came in since we looked
			return value, nil
		}
		// Others wait for this answer too: one leaving must not spoil it.
		value, left, found, err := s.shared.Find(context.WithoutCancel(ctx), key)
		if !found {
			return nil, err
		}
		s.tier.fill(since, key, value, left)
		return value, nil
	})
	value, found := answer.([]byte)
	return value, found
}

// Set stores a value.
func (s *Store) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	since := s.tier.now(key)
	stored, err := s.shared.Put(ctx, key, value, ttl)
	if err != nil {
		return err
	}
	if stored {
		s.tier.replace(since, key, value, ttl)
	} else {
		s.tier.Changed([]string{key}, nil)
	}
	return nil
}

// Delete removes keys and all that begin with a prefix, here and for all replicas.
func (s *Store) Delete(ctx context.Context, keys, prefixes []string) error {
	if err := s.shared.Delete(ctx, keys, prefixes); err != nil {
		return err
	}
	s.tier.Changed(keys, prefixes)
	return nil
}

// Take counts an event of a key for all replicas, or while the server is away in this
// one.
func (s *Store) Take(ctx context.Context, key string, r rate.Rate) (rate.Verdict, error) {
	verdict, counted, err := s.shared.Count(ctx, key, r)
	if err != nil || counted {
		return verdict, err
	}
	return s.tier.entries.Take(ctx, key, r)
}

// Stats counts the reads of this replica and what its tier holds, and has a row for
// the server while that is in use.
func (s *Store) Stats(ctx context.Context) ([]stats.Kind, error) {
	kinds, err := s.tier.entries.Stats(ctx)
	if err != nil {
		return nil, err
	}
	server, err := s.shared.Stats(ctx)
	kinds = append(kinds, server...)
	slices.SortFunc(kinds, func(a, b stats.Kind) int { return strings.Compare(a.Name, b.Name) })
	return kinds, err
}

// Check passes also without the server: nothing but speed depends on it.
func (s *Store) Check(ctx context.Context) error { return s.shared.Check(ctx) }

// Close leaves the server and drops what is held.
func (s *Store) Close() error {
	return errors.Join(s.shared.Close(), s.tier.entries.Close())
}
