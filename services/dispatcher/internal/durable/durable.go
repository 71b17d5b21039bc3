// Package durable reads the durable consumers that all dispatchers share: package
// collect the one of results, package notify the one of ends.
package durable

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/bus"
)

const (
	batch = 64 // messages taken at once
	again = time.Second
)

// Reader reads one consumer of the JOBS bucket.
type Reader struct {
	JS   jetstream.JetStream
	Name string // of the consumer
	Log  *slog.Logger
	// Handle is given messages that came together, at least one, and acknowledges
	// them; those that it does not come again.
	Handle func(ctx context.Context, messages []jetstream.Msg)
}

// Run reads until ctx ends. Whatever breaks is begun anew.
func (r *Reader) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := r.consume(ctx); err != nil && ctx.Err() == nil {
			r.Log.Warn("consumer is not read", "consumer", r.Name, "err", err)
			pause(ctx, again)
		}
	}
}

func (r *Reader) consume(ctx context.Context) error {
	consumer, err := r.JS.Consumer(ctx, bus.StreamJobs, r.Name)
	if err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	arrived, failed := make(chan jetstream.Msg, batch), make(chan error, 1)
	consuming, err := consumer.Consume(func(msg jetstream.Msg) {
		select {
		case arrived <- msg:
		case <-ctx.Done():
		}
	}, jetstream.PullMaxMessages(batch), jetstream.PullHeartbeat(2*time.Second), jetstream.PullExpiry(30*time.Second),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) { report(failed, err) }))
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	defer func() { consuming.Stop(); <-consuming.Closed() }()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-failed:
			return fmt.Errorf("read: %w", err)
		case msg := <-arrived:
			r.Handle(ctx, together(msg, arrived))
		}
	}
}

// report passes on what ends a consumer; the library mends the rest by itself.
func report(failed chan<- error, err error) {
	if !errors.Is(err, jetstream.ErrConsumerDeleted) && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return
	}
	select {
	case failed <- err:
	default:
	}
}

// together returns first and whatever else is there already.
func together(first jetstream.Msg, arrived <-chan jetstream.Msg) []jetstream.Msg {
	messages := []jetstream.Msg{first}
	for len(messages) < batch {
		select {
		case msg := <-arrived:
			messages = append(messages, msg)
		default:
			return messages
		}
	}
	return messages
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
