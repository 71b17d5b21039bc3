package work

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// ErrEmpty is returned by Durable.Next when nothing came within its patience.
var ErrEmpty = errors.New("no task is waiting")

// Source gives tasks.
type Source interface {
	// Next waits for one message. It returns an error when ctx ends, when
	// nothing came for a while, or when the queue cannot be reached.
	Next(ctx context.Context) (jetstream.Msg, error)
}

// Durable is a Source over one durable consumer. It may be shared by workers.
type Durable struct {
	js       jetstream.JetStream
	stream   string
	name     string
	patience time.Duration

	mu       sync.Mutex
	consumer jetstream.Consumer
}

// NewDurable returns a source that waits up to patience for a message. It binds
// at the first call, and again whenever the consumer was made anew.
func NewDurable(js jetstream.JetStream, stream, name string, patience time.Duration) *Durable {
	return &Durable{js: js, stream: stream, name: name, patience: patience}
}

// Next pulls exactly one message: prefetched ones would wait behind a long task
// while other workers are idle. The heartbeat finds a dead server in seconds.
func (d *Durable) Next(ctx context.Context) (jetstream.Msg, error) {
	consumer, err := d.bind(ctx)
	if err != nil {
		return nil, err
	}
	options := []jetstream.FetchOpt{jetstream.FetchContext(told{ctx, time.Now().Add(d.patience)})}
	if d.patience > 4*time.Second {
		options = append(options, jetstream.FetchHeartbeat(time.Second))
	}
	batch, err := consumer.Fetch(1, options...)
	if err != nil {
		d.unbind()
		return nil, err
	}
	msg, ok := <-batch.Messages()
	if !ok {
		return nil, d.empty(ctx, batch.Error())
	}
	if ctx.Err() != nil { // we stop: let another have it at once
		_ = msg.Nak()
		return nil, ctx.Err()
	}
	return msg, nil
}

// told is a context with a deadline that the client tells the server, which then
// ends the wait, and does not keep itself. It would race with a message on its
// way, and one that it dropped would be hidden for a whole lease.
type told struct {
	context.Context
	deadline time.Time
}

func (t told) Deadline() (time.Time, bool) { return t.deadline, true }

func (d *Durable) empty(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		return ErrEmpty
	default:
		d.unbind()
		return err
	}
}

func (d *Durable) bind(ctx context.Context) (jetstream.Consumer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.consumer != nil {
		return d.consumer, nil
	}
	consumer, err := d.js.Consumer(ctx, d.stream, d.name)
	if err != nil {
		return nil, err
	}
	d.consumer = consumer
	return consumer, nil
}

func (d *Durable) unbind() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.consumer = nil
}
