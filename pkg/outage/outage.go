// Package outage has callers wait while something they need is started again: a
// restart takes seconds, and whoever asks meanwhile is better answered late than
// turned away. What stays away longer fails calls at once, so that nothing piles up.
// Package rpc does the same for services of ours by means of gRPC.
package outage

import (
	"context"
	"sync"
	"time"
)

const (
	// again is the pause between two tries.
	again = 100 * time.Millisecond
	// quiet is how long nothing must have failed for a failure to be a new outage.
	quiet = time.Minute
)

// Hold keeps the calls of one dependency. It is safe for all goroutines; a copy is
// another one.
type Hold struct {
	// Limit is how long after the first failure calls are tried again.
	Limit time.Duration

	mu    sync.Mutex
	first time.Time // failure of this outage; zero when there is none
	last  time.Time // failure
}

// Do makes a call, and again as long as it fails in a way that will pass, for as long
// as the outage is young and ctx allows. passing must not hold for a call that may
// have had an effect, unless it may be made twice.
func (h *Hold) Do(ctx context.Context, passing func(error) bool, call func() error) error {
	for {
		err := call()
		if err == nil || !passing(err) {
			h.answered()
			return err
		}
		if !h.failed() || !sleep(ctx) {
			return err
		}
	}
}

// answered ends an outage.
func (h *Hold) answered() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.first = time.Time{}
}

// failed notes a failure and tells whether to try again.
func (h *Hold) failed() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if h.first.IsZero() || now.Sub(h.last) > quiet {
		h.first = now
	}
	h.last = now
	return now.Sub(h.first) < h.Limit
}

func sleep(ctx context.Context) bool {
	timer := time.NewTimer(again)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
