// Package admission refuses new work while the bucket that would keep it is
// nearly full. A full bucket takes no write at all, so the room that is left
// belongs to the plans, results and states of jobs that were accepted already.
// Packages jobs and upload ask it.
package admission

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	fresh   = time.Second // how long an answer is used
	askTime = time.Second // how long a request waits for one
)

// Gate is the door to one bucket. It is safe for all goroutines.
type Gate struct {
	// Usage returns the bytes the bucket holds and may hold (0 or less: any
	// number).
	Usage func(ctx context.Context) (used, limit int64, err error)
	// Percent of the limit beyond which nothing new is taken.
	Percent int64
	// Refusal is what Check then returns.
	Refusal error
	Log     *slog.Logger
	Now     func() time.Time

	asking singleflight.Group
	mu     sync.Mutex
	asked  time.Time // when full was found out
	full   bool
}

// Check returns Refusal while the bucket is nearly full. However many ask, the bus
// is asked once a second. When it does not answer, the gate is open: the write
// that follows tells what is wrong.
func (g *Gate) Check(ctx context.Context) error {
	full, known := g.known()
	if !known {
		full = g.ask(ctx)
	}
	if full {
		return g.Refusal
	}
	return nil
}

func (g *Gate) known() (full, known bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.full, !g.asked.IsZero() && g.Now().Sub(g.asked) < fresh
}

func (g *Gate) ask(ctx context.Context) bool {
	answer, _, _ := g.asking.Do("", func() (any, error) {
		if full, known := g.known(); known { // it came between the look and the call
			return full, nil
		}
		// Others wait for this answer too: one leaving must not spoil it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
		defer cancel()
		used, limit, err := g.Usage(ctx)
		if err != nil {
			g.Log.WarnContext(ctx, "room in bucket is not known", "err", err)
		}
		return g.learn(err == nil && limit > 0 && used > limit/100*g.Percent), nil
	})
	full, _ := answer.(bool)
	return full
}

// learn notes what is so from now on, and logs when it changes.
func (g *Gate) learn(full bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if full != g.full {
		g.Log.Warn("admission changed", "refusing", full)
	}
	g.full, g.asked = full, g.Now()
	return full
}
