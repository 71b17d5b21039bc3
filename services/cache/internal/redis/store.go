// Package redis holds cache entries on a Redis server that all replicas of the
// cache share. Package tiered holds what is read most in the process before it.
//
//	tiered.Store ──> Store ──> link ──> session ──> server
//	            <── Tier (what other replicas have changed)
//
// The server may be lost, slow, emptied or put back to an older state at any time:
// every call then finds nothing, at once and without an error. Three rules keep a
// deleted entry from coming back:
//
//   - The server is used only while its channel of changes is heard (session). When
//     anything is uncertain the session ends, what the process holds is dropped, and
//     the link makes a new one.
//   - Entries belong to a generation, whose name lies on the server and is read with
//     each of them. A new generation makes all older entries unreachable, for every
//     replica.
//   - A replica that could not deliver a deletion does not use the server again
//     before it has started a new generation. So does one that finds the server
//     back: others may have ended with deletions undelivered.
//
// Commands are those of Redis 7.0.
package redis

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/stenomesh/stenomesh/services/cache/internal/stats"
)

// Tier is what a replica holds beside the server. Its methods are called by
// several goroutines.
type Tier interface {
	// Changed is called when another replica has deleted or replaced entries.
	Changed(keys, prefixes []string)
	// Lost is called when changes may have been missed: nothing that is held counts.
	Lost()
}

// Store is safe for use by several goroutines.
type Store struct {
	link         *link
	hits, misses atomic.Uint64
}

// New returns a store whose server need not be there. It tries to reach it until
// Close. The error is about the settings.
func New(cfg Config, tier Tier, log *slog.Logger) (*Store, error) {
	options, err := cfg.options()
	if err != nil {
		return nil, err
	}
	return &Store{link: startLink(options, tier, log)}, nil
}

// Up reports whether the server is in use.
func (s *Store) Up() bool { return s.link.session() != nil }

// Get returns the value of a key.
func (s *Store) Get(ctx context.Context, key string) ([]byte, bool, error) {
	value, _, found, err := s.Find(ctx, key)
	return value, found, err
}

// Find returns the value of a key with the time it has left. The error is that of
// ctx alone.
func (s *Store) Find(ctx context.Context, key string) (value []byte, left time.Duration, found bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, false, err
	}
	session := s.link.session()
	if session == nil {
		return nil, 0, false, nil
	}
	value, left, found, err = session.get(ctx, key)
	s.link.note(ctx, session, err)
	if found {
		s.hits.Add(1)
	} else {
		s.misses.Add(1)
	}
	return value, left, found, nil
}

// Set stores a value, unless the server does not take it.
func (s *Store) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	_, err := s.Put(ctx, key, value, ttl)
	return err
}

// Put does the same and reports whether the value is stored for sure. The error is
// that of ctx alone.
func (s *Store) Put(ctx context.Context, key string, value []byte, ttl time.Duration) (stored bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	session := s.link.session()
	if session == nil {
		return false, nil
	}
	stored, err = session.set(ctx, key, value, ttl)
	s.link.note(ctx, session, err)
	return stored, nil
}

// Delete removes keys and all that begin with a prefix. It is done to its end also
// when ctx ends; the error is that of ctx at its start.
func (s *Store) Delete(ctx context.Context, keys, prefixes []string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	session := s.link.session()
	if session == nil {
		s.link.missed(errMissed)
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteTime)
	defer cancel()
	if err := session.delete(ctx, keys, prefixes); err != nil {
		s.link.missed(err)
	}
	return nil
}

// Stats is one row, for the server: hits and misses are those of this replica,
// entries are groups, bytes all the server uses, evictions all it has dropped since
// it started. There is none while the server is away.
func (s *Store) Stats(ctx context.Context) (rows []stats.Kind, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	session := s.link.session()
	if session == nil {
		return nil, nil
	}
	row, err := session.stats(ctx)
	s.link.note(ctx, session, err)
	row.Hits, row.Misses = s.hits.Load(), s.misses.Load()
	if err == nil {
		rows = append(rows, row)
	}
	return rows, nil
}

// Check passes also without the server: nothing but speed depends on it.
func (s *Store) Check(ctx context.Context) error { return ctx.Err() }

// Close leaves the server, which keeps what it holds. Calls after it find nothing.
func (s *Store) Close() error {
	s.link.close()
	return nil
}
