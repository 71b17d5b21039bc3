package auth

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
)

// Some failures are free: people mistype. Each further one doubles the wait.
const (
	longestWait = time.Minute
	forgetAfter = 15 * time.Minute
	mostKeys    = 10_000 // whose failures are remembered
)

// key names who tries, in the same few bytes however long the names are.
type key [sha256.Size]byte

// verdict is how an attempt ended.
type verdict int

const (
	undecided verdict = iota // nothing was learned: it counts neither way
	failed
	succeeded // the failures before it are forgiven
)

// backoff counts failed attempts by key, in bounded memory. An attempt under way
// may become a failure: no more of them run at once than failures are free, and
// one at a time beyond.
type backoff struct {
	now  func() time.Time
	free int // failures before the first wait

	mu    sync.Mutex
	tries map[key]*tries
}

// tries is what is known of one key.
type tries struct {
	failures int
	last     time.Time     // of the last failure
	pending  int           // attempts under way
	decided  chan struct{} // closed when one of them has ended
}

func newBackoff(now func() time.Time, free int) *backoff {
	return &backoff{now: now, free: free, tries: map[key]*tries{}}
}

// begin lets an attempt through, maybe after others have ended; end must follow.
// Exhausted, code "too_many_attempts": the key has to wait. Else the error is that
// of ctx.
func (b *backoff) begin(ctx context.Context, k key) error {
	for {
		wait, others := b.admit(k)
		if wait > 0 {
			return problem.After(fault.New(fault.Exhausted, "too_many_attempts",
				"Too many failed logins; wait before the next."), wait)
		}
		if others == nil {
			return nil
		}
		select {
		case <-others:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// admit counts an attempt as under way, or returns how long the key must wait, or
// what is closed when one of the others under way has ended.
func (b *backoff) admit(k key) (wait time.Duration, others <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.tries[k]
	if t == nil {
		b.makeRoom()
		t = &tries{decided: make(chan struct{})}
		b.tries[k] = t
	}
	if b.old(t) {
		t.failures = 0
	}
	if wait := b.penalty(t); wait > 0 {
		return wait, nil
	}
	if t.pending > 0 && t.failures+t.pending >= b.free {
		return 0, t.decided
	}
	t.pending++
	return 0, nil
}

// end notes how an attempt that begin let through has ended.
func (b *backoff) end(k key, v verdict) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.tries[k]
	t.pending--
	switch v {
	case failed:
		t.failures, t.last = t.failures+1, b.now()
	case succeeded:
		t.failures = 0
	case undecided:
	}
	close(t.decided)
	t.decided = make(chan struct{})
	if t.pending == 0 && t.failures == 0 {
		delete(b.tries, k)
	}
}

// penalty returns how long a key must still wait, 0 if it may try.
func (b *backoff) penalty(t *tries) time.Duration {
	if t.failures < b.free {
		return 0
	}
	penalty := min(longestWait, time.Second<<min(t.failures-b.free, 16))
	return max(0, t.last.Add(penalty).Sub(b.now()))
}

func (b *backoff) old(t *tries) bool { return b.now().Sub(t.last) > forgetAfter }

// makeRoom drops what is old, and when that is not enough whatever comes first; an
// attempt under way stays.
func (b *backoff) makeRoom() {
	if len(b.tries) < mostKeys {
		return
	}
	for k, t := range b.tries {
		if t.pending == 0 && b.old(t) {
			delete(b.tries, k)
		}
	}
	for k, t := range b.tries {
		if len(b.tries) < mostKeys {
			return
		}
		if t.pending == 0 {
			delete(b.tries, k)
		}
	}
}
