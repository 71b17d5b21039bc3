package collect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

const (
	batch = 64 // results taken at once
	again = time.Second
)

// Collector reads the durable consumer of results, which all dispatchers share.
type Collector struct {
	js   jetstream.JetStream
	jobs *job.Store
	log  *slog.Logger
}

// New returns a collector.
func New(js jetstream.JetStream, jobs *job.Store, log *slog.Logger) *Collector {
	return &Collector{js: js, jobs: jobs, log: log}
}

// Run collects until ctx ends.
func (c *Collector) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := c.consume(ctx); err != nil && ctx.Err() == nil {
			c.log.Warn("results are not collected", "err", err)
			pause(ctx, again)
		}
	}
}

// consume takes messages as they come; those that came together are handled
// together, so that a job with many results costs few writes.
func (c *Collector) consume(ctx context.Context) error {
	consumer, err := c.js.Consumer(ctx, bus.StreamJobs, bus.ConsumerAssembler)
	if err != nil {
		return fmt.Errorf("bind to results: %w", err)
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
		return fmt.Errorf("read results: %w", err)
	}
	defer func() { consuming.Stop(); <-consuming.Closed() }()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-failed:
			return fmt.Errorf("read results: %w", err)
		case msg := <-arrived:
			c.handle(ctx, together(msg, arrived))
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

// handle applies messages job by job. Each is acknowledged when it is in the
// record; the others come again.
func (c *Collector) handle(ctx context.Context, messages []jetstream.Msg) {
	results, byJob := map[string][]*jobv1.ChunkResult{}, map[string][]jetstream.Msg{}
	for _, msg := range messages {
		result := &jobv1.ChunkResult{}
		if len(msg.Data()) == 0 || proto.Unmarshal(msg.Data(), result) != nil {
			_ = msg.Ack() // the mark of a removed key, or nothing of ours
			continue
		}
		id := result.GetJobId()
		results[id] = append(results[id], result)
		byJob[id] = append(byJob[id], msg)
	}
	for id, list := range results {
		err := c.Apply(ctx, id, list)
		if err != nil && ctx.Err() == nil {
			c.log.Warn("results not recorded; they come again", "job", id, "err", err)
		}
		for _, msg := range byJob[id] {
			if err == nil {
				_ = msg.Ack() // without it the result comes again, harmlessly
			} else {
				_ = msg.NakWithDelay(again)
			}
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
