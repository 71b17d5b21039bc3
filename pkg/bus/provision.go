package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// Layout is what the provisioner makes.
type Layout struct {
	JobsBytes int64    // limit of the JOBS bucket
	Models    []string // catalogue names; each gets a consumer
	Replicas  int      // copies of every stream: 1, or 3 on a cluster
}

// EmbeddedLayout is the layout of a server inside one process.
func EmbeddedLayout(models []string) Layout {
	return Layout{JobsBytes: 1 << 30, Models: models, Replicas: 1}
}

// Provision makes the streams and consumers, or brings them to the layout. It
// may run again at any time. A setting that cannot be changed is an error that
// names the stream.
func Provision(ctx context.Context, js jetstream.JetStream, layout Layout) error {
	for _, config := range streams(layout.JobsBytes, layout.Replicas) {
		if _, err := js.CreateOrUpdateStream(ctx, config); err != nil {
			return fmt.Errorf("provision stream %s: %w", config.Name, err)
		}
	}
	for _, c := range consumers(layout.Models) {
		if _, err := js.CreateOrUpdateConsumer(ctx, c.stream, c.config); err != nil {
			return fmt.Errorf("provision consumer %s: %w", c.config.Durable, err)
		}
	}
	return nil
}

// ReleaseLeases makes every unfinished task available at once. Only a process
// that starts an embedded server may call it: nobody else can hold a lease
// then, and waiting for those of the process that died would cost Lease. The
// queue keeps the tasks; only the consumers' memory of who has them goes.
func ReleaseLeases(ctx context.Context, js jetstream.JetStream) error {
	stream, err := js.Stream(ctx, StreamTasks)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil // the first start
	}
	if err != nil {
		return fmt.Errorf("release leases: %w", err)
	}
	names := stream.ConsumerNames(ctx)
	for name := range names.Name() {
		if name != ConsumerPre && !strings.HasPrefix(name, "asr_") {
			continue
		}
		if err := stream.DeleteConsumer(ctx, name); err != nil {
			return fmt.Errorf("release leases of %s: %w", name, err)
		}
	}
	return names.Err()
}
