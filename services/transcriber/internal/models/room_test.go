package models_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
)

func TestAcquire_unloadsTheModelUsedLongestAgo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 2)
	h.acquire(t, "one").Release()
	h.acquire(t, "two").Release()
	h.acquire(t, "one").Release()

	h.acquire(t, "three").Release()

	if got := h.loaded(); got != "one three" {
		t.Errorf("loaded are %q", got)
	}
}

func TestAcquire_neverUnloadsAModelInUse(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	one := h.acquire(t, "one")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()

	if _, err := h.Acquire(ctx, "two"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v, want context.DeadlineExceeded", err)
	}

	if err := transcribe(t.Context(), one); err != nil || h.enginesStarted() != 1 {
		t.Errorf("the model in use: %v, %d engines were started", err, h.enginesStarted())
	}
}

func TestAcquire_getsTheRoomWhenItBecomesFree(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	one := h.acquire(t, "one")
	two := h.acquireInBackground(t, "two")
	again := h.acquire(t, "one") // for a while, who waits does not keep others from a loaded model
	again.Release()
	again.Release() // counts once

	one.Release()

	lease := <-two
	if got := h.loaded(); got != "two" {
		t.Errorf("loaded are %q", got)
	}
	lease.Release()
}

func TestAcquire_getsARoomThoughOthersKeepUsingIt(t *testing.T) {
	t.Parallel()
	h := newImpatientHouse(t, 1, time.Millisecond)
	one := h.acquire(t, "one")
	two := h.acquireInBackground(t, "two")

	testkit.Eventually(t, "the model in use is lent to nobody else", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		next, err := h.Acquire(ctx, "one")
		if err != nil {
			return true
		}
		one.Release() // so that there is a user at every moment
		one = next
		return false
	})
	again := h.acquireInBackground(t, "one")
	if err := transcribe(t.Context(), one); err != nil {
		t.Errorf("the model that has to leave: %v", err)
	}
	one.Release()

	for range 2 { // by now both have waited for long
		select {
		case lease := <-two:
			lease.Release()
		case lease := <-again:
			lease.Release()
		}
	}
}

func TestAcquire_lendsAModelThatWasLoadedForIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 1)
	names := []string{"one", "two", "three"}
	for range 5 {
		before := h.enginesStarted()
		var wg sync.WaitGroup
		for _, name := range names {
			wg.Go(func() {
				lease, err := h.Acquire(t.Context(), name)
				if err != nil {
					t.Error(err)
					return
				}
				defer lease.Release()
				if err := transcribe(t.Context(), lease); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		wg.Wait()

		if n := h.enginesStarted() - before; n > len(names) {
			t.Errorf("%d models were loaded for %d users", n, len(names))
		}
	}
}
