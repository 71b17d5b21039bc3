package storetest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/cache"
	"github.com/stenomesh/stenomesh/services/cache/internal/rate"
)

// TakeTogether has stores count one key at the same moment, and returns how many
// events they let through together.
func TakeTogether(t *testing.T, r rate.Rate, events int, stores ...cache.Store) int64 {
	t.Helper()
	var allowed atomic.Int64
	var all sync.WaitGroup
	for _, store := range stores {
		for range events {
			all.Go(func() {
				verdict, err := store.Take(context.WithoutCancel(t.Context()), "rate:user:1", r)
				if err != nil {
					t.Error(err)
				}
				if verdict.Allowed {
					allowed.Add(1)
				}
			})
		}
	}
	all.Wait()
	return allowed.Load()
}

func letsThroughTheRate(t *testing.T, store cache.Store) {
	r := rate.Rate{Limit: 5, Period: 24 * time.Hour}
	if got := TakeTogether(t, r, 20, store); got != 5 {
		t.Errorf("%d let through, want 5", got)
	}

	refused, err := store.Take(t.Context(), "rate:user:1", r)
	if err != nil || refused.Allowed || refused.Remaining != 0 || refused.RetryAfter <= 0 || refused.RetryAfter > 24*time.Hour/5 ||
		refused.ResetAfter <= 0 || refused.ResetAfter > 24*time.Hour {
		t.Errorf("got %+v, %v", refused, err)
	}
	other, err := store.Take(t.Context(), "rate:user:2", r)
	if err != nil || !other.Allowed || other.Remaining != 4 || other.RetryAfter != 0 {
		t.Errorf("another key: %+v, %v", other, err)
	}
}

func letsThroughAgain(t *testing.T, store cache.Store) {
	r := rate.Rate{Limit: 1, Period: 20 * time.Millisecond}
	for range 3 {
		testkit.Eventually(t, "it is let through", func() bool {
			verdict, err := store.Take(t.Context(), "rate:user:1", r)
			return err == nil && verdict.Allowed
		})
	}
}
