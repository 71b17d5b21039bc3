package history

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	batchSize = 64
	fetchWait = 30 * time.Second
)

// fetch waits for one message and takes what else is there: a fetch of 64 alone
// would wait until there are that many.
func fetch(ctx context.Context, consumer jetstream.Consumer) ([]jetstream.Msg, error) {
	waiting, cancel := context.WithTimeout(ctx, fetchWait)
	defer cancel()
	first, err := consumer.Fetch(1, jetstream.FetchContext(waiting), jetstream.FetchHeartbeat(time.Second))
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	messages := collect(first)
	if len(messages) == 0 {
		if err := first.Error(); err != nil && waiting.Err() == nil {
			return nil, fmt.Errorf("fetch: %w", err)
		}
		return nil, ctx.Err()
	}
	rest, err := consumer.FetchNoWait(batchSize - 1)
	if err != nil {
		return messages, nil // the next fetch tells what is wrong
	}
	return append(messages, collect(rest)...), nil
}

func collect(batch jetstream.MessageBatch) []jetstream.Msg {
	var messages []jetstream.Msg
	for msg := range batch.Messages() {
		messages = append(messages, msg)
	}
	return messages
}

// settle tells the bus that messages are stored.
func (r *recorder) settle(ctx context.Context, messages []jetstream.Msg) {
	for _, msg := range messages {
		if err := msg.Ack(); err != nil { // it comes again and does nothing
			r.log.DebugContext(ctx, "acknowledgement is lost", "subject", msg.Subject(), "err", err)
		}
	}
}

// keep tells the bus that the messages are still being worked on.
func keep(messages []jetstream.Msg) {
	for _, msg := range messages {
		_ = msg.InProgress() // at worst a message comes twice
	}
}

// giveBack lets whoever comes next have the messages at once.
func giveBack(messages []jetstream.Msg) {
	for _, msg := range messages {
		_ = msg.Nak() // else they come again when the bus misses us
	}
}
