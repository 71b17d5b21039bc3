package history

import (
	"context"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/bus"
)

const (
	minBackoff = 100 * time.Millisecond
	maxBackoff = 10 * time.Second
	// readPatience is how long jobs wait for a transcript that cannot be read.
	readPatience = time.Minute
)

// recorder copies the job feed into the store. A message is acknowledged after
// the commit; one that comes again does nothing, because the store keeps the
// newest revision. While the store is away no message is acknowledged and none
// is fetched.
type recorder struct {
	js    jetstream.JetStream
	blobs blob.Store
	store Store
	log   *slog.Logger
	now   func() time.Time
}

// run records until ctx ends.
func (r *recorder) run(ctx context.Context) {
	var backoff backoff
	for ctx.Err() == nil {
		consumer, err := r.js.Consumer(ctx, bus.StreamJobs, bus.ConsumerHistory)
		if err == nil {
			err = r.consume(ctx, consumer, &backoff)
		}
		if ctx.Err() == nil {
			r.log.WarnContext(ctx, "job feed is not available", "err", err)
			backoff.wait(ctx)
		}
	}
}

// consume records batch after batch until fetching fails.
func (r *recorder) consume(ctx context.Context, consumer jetstream.Consumer, backoff *backoff) error {
	for {
		messages, err := fetch(ctx, consumer)
		if err != nil {
			return err
		}
		backoff.reset()
		for len(messages) > 0 {
			n := r.record(ctx, messages)
			messages = messages[n:]
			if ctx.Err() != nil {
				giveBack(messages)
				return ctx.Err()
			}
		}
	}
}

// record commits the first messages of a batch, as many as fit into one
// transaction, and returns how many. It tries until it succeeds or ctx ends; for
// transcripts that cannot be read it waits readPatience.
func (r *recorder) record(ctx context.Context, messages []jetstream.Msg) int {
	var backoff backoff
	var unread time.Time // since when transcripts cannot be read
	for {
		resigned := !unread.IsZero() && r.now().Sub(unread) >= readPatience
		changes, n, err := r.changes(ctx, messages, resigned)
		switch {
		case err == nil:
			unread = time.Time{}
		case unread.IsZero():
			unread = r.now()
		}
		if err == nil && len(changes) > 0 {
			err = r.store.Record(ctx, changes)
		}
		if err == nil {
			r.settle(ctx, messages[:n])
			return n
		}
		if ctx.Err() != nil {
			return 0
		}
		r.log.WarnContext(ctx, "jobs are not recorded yet", "jobs", len(changes), "err", err)
		backoff.wait(ctx)
		keep(messages)
	}
}

// backoff waits twice as long each time.
type backoff struct{ next time.Duration }

func (b *backoff) reset() { b.next = 0 }

func (b *backoff) wait(ctx context.Context) {
	b.next = min(max(minBackoff, 2*b.next), maxBackoff)
	select {
	case <-ctx.Done():
	case <-time.After(b.next):
	}
}
