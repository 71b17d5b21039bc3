package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

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
