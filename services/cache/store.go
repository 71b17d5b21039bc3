package cache

import (
	"context"
	"time"

	"github.com/stenomesh/stenomesh/services/cache/internal/rate"
	"github.com/stenomesh/stenomesh/services/cache/internal/stats"
)

// Store holds values under keys for a time. Implementations pass the suite in
// storetest. Keys and times are checked by the caller.
type Store interface {
	// Get returns a value, which must not be changed, and whether there is one.
	Get(ctx context.Context, key string) (value []byte, found bool, err error)
	// Set stores a value for a time, replacing an earlier one. The store keeps
	// value: the caller must not change it afterwards. It may be dropped at any
	// time to make room, even at once; an earlier value may then stay, so whoever
	// changes what a key stands for deletes it first.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Delete removes keys and whatever begins with one of the prefixes. When it
	// returns, a Get finds none of what was set before; one through another replica
	// does so a moment later.
	Delete(ctx context.Context, keys, prefixes []string) error
	// Take counts an event of a key against a rate; one over it is not counted. A store
	// that cannot count lets it through.
	Take(ctx context.Context, key string, r rate.Rate) (rate.Verdict, error)
	// Stats counts since the start, a row a kind, in order of kinds. A server that
	// replicas share has a row of its own.
	Stats(ctx context.Context) ([]stats.Kind, error)
	// Check proves that the store answers.
	Check(ctx context.Context) error
	// Close drops what this process holds. Calls after it find nothing.
	Close() error
}
