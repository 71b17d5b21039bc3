package job

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
)

// refollow is the pause before the erasures are read again after a break.
const refollow = time.Second

// Erased is who was ordered to be erased, as far as this process has heard. It may
// be used by all goroutines.
type Erased struct {
	mu     sync.Mutex
	orders map[string]*accountv1.Erasure
	heard  func(userID string)
	told   bool // all orders there were when it was last asked for

	caughtUp chan struct{} // closed when told is set first
}

// NewErased returns an empty one. heard is called for each user that is new to it, and
// must not block.
func NewErased(heard func(userID string)) *Erased {
	return &Erased{orders: map[string]*accountv1.Erasure{}, heard: heard, caughtUp: make(chan struct{})}
}

// Follow reads the orders there are and those that come, until ctx ends.
func (e *Erased) Follow(ctx context.Context, store *Store, log *slog.Logger) {
	for ctx.Err() == nil {
		err := store.FollowErasures(ctx, e.Put, func() { e.setTold(true) })
		if ctx.Err() != nil {
			return
		}
		e.setTold(false)
		log.Warn("erasures are not told; they are read again", "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(refollow):
		}
	}
}

// Current reports whether all orders have been told and those that come are heard.
func (e *Erased) Current() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.told
}

// CaughtUp is closed once all orders that were there at the start have been told.
func (e *Erased) CaughtUp() <-chan struct{} { return e.caughtUp }

func (e *Erased) setTold(told bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.told = told
	select {
	case <-e.caughtUp:
	default:
		if told {
			close(e.caughtUp)
		}
	}
}

// Put notes an order, which is not to be changed afterwards.
func (e *Erased) Put(order *accountv1.Erasure) {
	e.mu.Lock()
	before := e.orders[order.GetUserId()]
	if before.GetFinishedAt() == nil { // what came by a detour is no news
		e.orders[order.GetUserId()] = order
	}
	e.mu.Unlock()
	if before == nil {
		e.heard(order.GetUserId())
	}
}

// Order returns the order to erase a user; nil if there is none.
func (e *Erased) Order(userID string) *accountv1.Erasure {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.orders[userID]
}

// Has reports whether a user is to be erased or has been.
func (e *Erased) Has(userID string) bool { return e.Order(userID) != nil }

// All returns all orders, in no order.
func (e *Erased) All() []*accountv1.Erasure {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Collect(maps.Values(e.orders))
}
