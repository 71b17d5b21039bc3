package bus

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
)

// CheckConsumer reports whether a durable consumer is there, which the server is
// asked for: without it a service waits for work that never comes. The error is
// Unavailable.
func (b *Bus) CheckConsumer(ctx context.Context, stream, name string) error {
	if err := b.Check(); err != nil {
		return err
	}
	_, err := b.JS.Consumer(ctx, stream, name)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound), errors.Is(err, jetstream.ErrStreamNotFound):
		return fault.Wrap(err, fault.Unavailable, "queue_missing", "A queue is missing on the bus; a start of the service that makes them brings it back.")
	case err != nil:
		return fault.Wrap(err, fault.Unavailable, job.CodeBusAway, "The bus does not answer.")
	}
	return nil
}
