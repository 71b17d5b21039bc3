package index

import (
	"context"
	"log/slog"
	"time"

	"github.com/stenomesh/stenomesh/pkg/job"
)

// refollow is the pause before the feed is opened again after a break.
const refollow = time.Second

// Feed is where job events come from; *job.Store is one.
type Feed interface {
	Follow(ctx context.Context, handle func(job.Event)) error
}

// Follow feeds the index until ctx ends. After a break it begins anew: the feed
// tells the state of every job first, so nothing is missed but the steps between.
func (x *Index) Follow(ctx context.Context, feed Feed, log *slog.Logger) {
	for ctx.Err() == nil {
		err := feed.Follow(ctx, x.take)
		if ctx.Err() != nil {
			return
		}
		x.broken.Store(true)
		log.Warn("job feed broke", "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(refollow):
		}
	}
}

// Current reports whether the index has all that was stored at the start and the
// feed goes on.
func (x *Index) Current() bool {
	select {
	case <-x.caughtUp:
		return !x.broken.Load()
	default:
		return false
	}
}

func (x *Index) take(event job.Event) {
	switch {
	case event.CaughtUp:
		x.broken.Store(false)
		x.once.up.Do(func() { close(x.caughtUp) })
	case event.Gone:
		x.Remove(event.ID, event.Revision)
	default:
		x.Put(event.Job, event.Revision)
		x.charge(event)
	}
}
