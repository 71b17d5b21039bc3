package tasks

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/bus"
)

// Stuck tells whether a lane has tasks that its consumer does not know of: the server
// cannot read them any more, gives them to nobody, and does not find them when it is
// told to remove them by their subject. They can be removed with all that was stored
// before them, so it is asked only while nothing else is queued; last is their last
// sequence number, 0 when there are none.
func (q *Queue) Stuck(ctx context.Context, lane Lane) (last uint64, err error) {
	stream, err := q.bind(ctx)
	if err != nil {
		return 0, fmt.Errorf("look at tasks: %w", err)
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(lane.subjects()))
	if err != nil {
		return 0, fmt.Errorf("look at tasks: %w", err)
	}
	if len(info.State.Subjects) == 0 || uint64(len(info.State.Subjects)) != info.State.Msgs {
		return 0, nil
	}
	consumer, err := q.js.Consumer(ctx, bus.StreamTasks, lane.consumer())
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look at consumer %s: %w", lane.consumer(), err)
	}
	if given := consumer.CachedInfo(); given.NumPending > 0 || given.NumAckPending > 0 {
		return 0, nil
	}
	return info.State.LastSeq, nil
}

// Drop removes all tasks up to a sequence number.
func (q *Queue) Drop(ctx context.Context, last uint64) error {
	stream, err := q.bind(ctx)
	if err == nil {
		err = stream.Purge(ctx, jetstream.WithPurgeSequence(last+1))
	}
	if err != nil {
		return fmt.Errorf("drop tasks: %w", err)
	}
	return nil
}
