package auth

import (
	"sync"
	"time"
)

// A few failures are free: people mistype. Each further one doubles the wait.
const (
	freeFailures  = 5
	longestWait   = time.Minute
	forgetAfter   = 15 * time.Minute
	mostAttackers = 10_000
)

// backoff counts failures by key, in bounded memory.
type backoff struct {
	now func() time.Time

	mu       sync.Mutex
	failures map[string]failure
}

type failure struct {
	count int
	last  time.Time
}

func newBackoff(now func() time.Time) *backoff {
	return &backoff{now: now, failures: map[string]failure{}}
}

// wait returns how long the key must still wait, 0 if it may try.
func (b *backoff) wait(key string) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	f, found := b.failures[key]
	if !found || f.count < freeFailures {
		return 0
	}
	penalty := min(longestWait, time.Second<<min(f.count-freeFailures, 16))
	return max(0, f.last.Add(penalty).Sub(b.now()))
}

func (b *backoff) failed(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.makeRoom()
	f := b.failures[key]
	if b.now().Sub(f.last) > forgetAfter {
		f.count = 0
	}
	b.failures[key] = failure{count: f.count + 1, last: b.now()}
}

func (b *backoff) succeeded(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.failures, key)
}

// makeRoom drops what is old, and when that is not enough whatever comes first.
func (b *backoff) makeRoom() {
	if len(b.failures) < mostAttackers {
		return
	}
	for key, f := range b.failures {
		if b.now().Sub(f.last) > forgetAfter {
			delete(b.failures, key)
		}
	}
	for key := range b.failures {
		if len(b.failures) < mostAttackers {
			return
		}
		delete(b.failures, key)
	}
}
