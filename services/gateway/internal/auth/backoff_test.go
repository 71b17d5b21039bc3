package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

func keyOf(name string) key { return sha256.Sum256([]byte(name)) }

// attempt is one attempt from its begin to its end; an error says that it was not
// let through.
func attempt(t *testing.T, b *backoff, name string, v verdict) error {
	t.Helper()
	err := b.begin(t.Context(), keyOf(name))
	if err == nil {
		b.end(keyOf(name), v)
	}
	return err
}

func TestBackoff_doublesAndForgets(t *testing.T) {
	t.Parallel()
	c := newClock()
	b := newBackoff(c.now, 5)
	for n, want := range []time.Duration{0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60} {
		if want *= time.Second; want > 0 {
			c.advance(want - time.Millisecond)
			if err := attempt(t, b, "k", failed); !fault.Is(err, fault.Exhausted) {
				t.Fatalf("after %d failures and less than %v: %v", n, want, err)
			}
			c.advance(time.Millisecond)
		}
		if err := attempt(t, b, "k", failed); err != nil {
			t.Fatalf("after %d failures and %v: %v", n, want, err)
		}
	}
	c.advance(forgetAfter + time.Second)
	for range 5 {
		if err := attempt(t, b, "k", failed); err != nil {
			t.Fatalf("old failures are not forgotten: %v", err)
		}
	}
	c.advance(time.Second)
	if err := attempt(t, b, "k", succeeded); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if err := attempt(t, b, "k", failed); err != nil {
			t.Fatalf("a success does not forgive: %v", err)
		}
	}
}

func TestBackoff_countsAttemptsUnderWay(t *testing.T) {
	t.Parallel()
	b := newBackoff(newClock().now, 3)
	k, gone := keyOf("k"), canceled()
	for range 3 {
		if err := b.begin(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.begin(gone, k); !errors.Is(err, context.Canceled) {
		t.Fatalf("a fourth beside three: %v", err)
	}

	b.end(k, undecided)
	if err := b.begin(gone, k); err != nil {
		t.Errorf("when one has ended without result: %v", err)
	}
	b.end(k, failed)
	if err := b.begin(gone, k); !errors.Is(err, context.Canceled) {
		t.Errorf("two under way and a failure: %v", err)
	}
	b.end(k, failed)
	b.end(k, failed)
	if err := b.begin(t.Context(), k); !fault.Is(err, fault.Exhausted) {
		t.Errorf("after three failures: %v", err)
	}
}

// TestBackoff_givesManyTheirTurn begins more at once than failures are free: all
// get through when they are right.
func TestBackoff_givesManyTheirTurn(t *testing.T) {
	t.Parallel()
	b := newBackoff(newClock().now, 3)
	results := make(chan error)
	for range 200 {
		go func() {
			err := b.begin(context.Background(), keyOf("k"))
			if err == nil {
				b.end(keyOf("k"), succeeded)
			}
			results <- err
		}()
	}
	for range 200 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if len(b.tries) != 0 {
		t.Errorf("remembers %d keys that did nothing wrong", len(b.tries))
	}
}

func TestBackoff_isBounded(t *testing.T) {
	t.Parallel()
	c := newClock()
	b := newBackoff(c.now, 5)
	busy := keyOf("busy")
	if err := b.begin(t.Context(), busy); err != nil {
		t.Fatal(err)
	}
	for n := range mostKeys + 100 {
		if err := attempt(t, b, fmt.Sprint(n), failed); err != nil {
			t.Fatal(err)
		}
	}
	if len(b.tries) > mostKeys {
		t.Errorf("remembers %d keys", len(b.tries))
	}
	c.advance(forgetAfter + time.Second)
	if err := attempt(t, b, "new", failed); err != nil {
		t.Fatal(err)
	}
	if len(b.tries) != 2 {
		t.Errorf("remembers %d keys, all but one of them old and one under way", len(b.tries))
	}
	b.end(busy, failed) // was kept
}

// canceled is a context that waits for nothing.
func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
