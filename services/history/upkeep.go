package history

import (
	"context"
	"log/slog"
	"time"
)

// upkeepAgain is how often upkeep looks for work. A rolling upgrade takes less.
const upkeepAgain = time.Hour

// Levels of counting. While replicas are replaced, one of the version before may still
// record jobs that it does not count: all are counted once more, an hour later.
const (
	countedOnce    = 1
	countedForGood = 2
)

// upkeep does for rows of versions before what the recorder does for new ones: makes
// their transcripts searchable and counts them. It goes on where the database stands,
// so it may end at any moment. When nothing is left to do it costs a glance an hour.
type upkeep struct {
	store Store
	log   *slog.Logger
}

// run works until ctx ends.
func (u *upkeep) run(ctx context.Context) {
	for level := countedOnce; ctx.Err() == nil; level = countedForGood {
		u.walk(ctx, "index transcripts", u.store.IndexMissing)
		u.walk(ctx, "count jobs", func(ctx context.Context, after string) (string, error) {
			return u.store.CountMissing(ctx, level, after)
		})
		pause(ctx, upkeepAgain)
	}
}

// walk does step after step until there is none. Half of the time it leaves to others.
func (u *upkeep) walk(ctx context.Context, doing string, step func(ctx context.Context, after string) (string, error)) {
	var backoff backoff
	for at := ""; ctx.Err() == nil; {
		began := time.Now()
		next, err := step(ctx, at)
		if err != nil {
			u.log.DebugContext(ctx, "upkeep waits", "doing", doing, "behind", at, "err", err)
			backoff.wait(ctx)
			continue
		}
		if next == "" {
			return
		}
		backoff.reset()
		at = next
		pause(ctx, time.Since(began))
	}
}

// pause waits for so long, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
