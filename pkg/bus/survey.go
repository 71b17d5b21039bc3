package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// survey finds out how each stream and consumer of a layout is. Others are nobody's
// business: the consumer of a model that left the catalogue stays, though its jobs fail.
func survey(ctx context.Context, js jetstream.JetStream, layout Layout) ([]part, error) {
	var found []part
	for _, config := range streams(layout) {
		p, err := surveyStream(ctx, js, config)
		if err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	for _, c := range consumers(layout.Models) {
		p, err := surveyConsumer(ctx, js, c)
		if err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	return found, nil
}

func surveyStream(ctx context.Context, js jetstream.JetStream, want jetstream.StreamConfig) (part, error) {
	p := part{name: "stream " + want.Name}
	stream, err := js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		p.missing = true
		p.apply = func(ctx context.Context) error { _, err := js.CreateStream(ctx, want); return err }
		return p, nil
	}
	if err != nil {
		return part{}, fmt.Errorf("look at %s: %w", p.name, err)
	}
	p.differs, err = compare(stream.CachedInfo().Config, want, streamFixed)
	p.apply = func(ctx context.Context) error { _, err := js.UpdateStream(ctx, want); return err }
	return p, err
}

func surveyConsumer(ctx context.Context, js jetstream.JetStream, want consumer) (part, error) {
	p := part{name: fmt.Sprintf("consumer %s of %s", want.config.Durable, want.stream)}
	have, err := js.Consumer(ctx, want.stream, want.config.Durable)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound), errors.Is(err, jetstream.ErrStreamNotFound):
		p.missing = true
		p.apply = func(ctx context.Context) error {
			_, err := js.CreateConsumer(ctx, want.stream, want.config)
			return err
		}
		return p, nil
	case errors.Is(err, jetstream.ErrNotPullConsumer):
		p.differs = []difference{{setting: "deliver_subject", have: "set", want: "none", fixed: true}}
		return p, nil
	case err != nil:
		return part{}, fmt.Errorf("look at %s: %w", p.name, err)
	}
	p.differs, err = compare(have.CachedInfo().Config, want.config, consumerFixed)
	p.apply = func(ctx context.Context) error {
		_, err := js.UpdateConsumer(ctx, want.stream, want.config)
		return err
	}
	return p, err
}
