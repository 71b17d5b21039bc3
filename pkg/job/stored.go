package job

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// readerLife is how long the server keeps a reader whose process has ended.
const readerLife = 10 * time.Second

// Stored returns how many bytes the recordings of a user are, identical ones counted
// once, as they are kept. It reads the records of all of them. Unavailable: the bus
// does not answer.
func (f *Files) Stored(ctx context.Context, userID string) (bytes int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	consumer, err := f.js.OrderedConsumer(ctx, "KV_"+FilesBucket, jetstream.OrderedConsumerConfig{
		FilterSubjects:    []string{"$KV." + FilesBucket + "." + Token(userID) + ".>"},
		DeliverPolicy:     jetstream.DeliverLastPerSubjectPolicy,
		InactiveThreshold: readerLife,
	})
	if err != nil {
		return 0, busFault(fmt.Errorf("files of a user: %w", err))
	}
	defer f.forget(ctx, consumer)
	pending, err := pendingOf(ctx, consumer)
	if err != nil || pending == 0 {
		return 0, err
	}
	messages, err := consumer.Messages()
	if err != nil {
		return 0, busFault(fmt.Errorf("files of a user: %w", err))
	}
	defer messages.Stop()
	sizes := map[string]int64{} // by key of the blob
	for {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return 0, busFault(fmt.Errorf("files of a user: %w", err))
		}
		file := &jobv1.File{}
		if !IsMarker(msg) && proto.Unmarshal(msg.Data(), file) == nil {
			sizes[file.GetInput().GetBlobKey()] = file.GetInput().GetSize()
		}
		if meta, err := msg.Metadata(); err == nil && meta.NumPending == 0 {
			return sum(sizes), nil
		}
	}
}

// forget has the server drop a reader now; where that fails it does so soon.
func (f *Files) forget(ctx context.Context, reader jetstream.Consumer) {
	if info := reader.CachedInfo(); info != nil {
		_ = f.js.DeleteConsumer(ctx, "KV_"+FilesBucket, info.Name)
	}
}

func sum(sizes map[string]int64) (all int64) {
	for _, size := range sizes {
		all += size
	}
	return all
}
