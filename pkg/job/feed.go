package job

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Event is one message of the job feed.
type Event struct {
	ID       string
	Job      *jobv1.Job // nil when Gone and when CaughtUp; shared, not to be changed
	Revision uint64     // order of the event in the whole feed
	Gone     bool       // the record was purged
	CaughtUp bool       // no job: everything stored before Follow has been told
}

// Follow tells the state of every job and then each change, in order, until ctx
// ends; handle is called by one goroutine. After a break in the connection it
// goes on where it was; an event may then come twice. The returned error is
// ctx's, or that the feed could not be opened.
func (s *Store) Follow(ctx context.Context, handle func(Event)) error {
	decode := func(msg jetstream.Msg, revision uint64, gone bool) {
		event := Event{ID: idOf(keyOf(msg, Bucket)), Revision: revision, Gone: gone}
		if !gone {
			record := &jobv1.Job{}
			if proto.Unmarshal(msg.Data(), record) != nil {
				return // not a record of ours; Get reports it to whoever asks
			}
			event.Job = record
		}
		handle(event)
	}
	return follow(ctx, s.js, Bucket, "job.>", decode, func() { handle(Event{CaughtUp: true}) })
}

// follow reads the newest value of each key that matches, then what comes.
func follow(ctx context.Context, js jetstream.JetStream, bucket, filter string,
	decode func(msg jetstream.Msg, revision uint64, gone bool), caughtUp func(),
) error {
	consumer, err := js.OrderedConsumer(ctx, "KV_"+bucket, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{"$KV." + bucket + "." + filter},
		DeliverPolicy:  jetstream.DeliverLastPerSubjectPolicy,
	})
	if err != nil {
		return busFault(fmt.Errorf("follow %s: %w", bucket, err))
	}
	messages, err := consumer.Messages(jetstream.PullHeartbeat(2*time.Second), jetstream.PullExpiry(30*time.Second))
	if err != nil {
		return busFault(fmt.Errorf("follow %s: %w", bucket, err))
	}
	defer endWith(ctx, messages)()

	pending, err := pendingOf(ctx, consumer)
	if err != nil {
		return err
	}
	told := pending > 0
	if !told {
		caughtUp()
	}
	for {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("follow %s: %w", bucket, err)
		}
		meta, err := msg.Metadata()
		if err != nil {
			continue
		}
		decode(msg, meta.Sequence.Stream, IsMarker(msg))
		if told && meta.NumPending == 0 {
			told = false
			caughtUp()
		}
	}
}

// stopLate is how long Next may take to see that its context has ended.
const stopLate = time.Second

// endWith returns what stops an iterator when nobody waits for its next message any
// more. Somebody may still do so when ctx has ended: while the bus is away the ordered
// consumer is tried to be made anew, which only Stop ends. It is not to be said sooner:
// what the library makes anew in that moment would stay.
func endWith(ctx context.Context, messages jetstream.MessagesContext) (stop func()) {
	returned := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		select {
		case <-returned:
		case <-time.After(stopLate):
			messages.Stop()
		}
	})
	return func() {
		cancel()
		close(returned)
		messages.Stop()
	}
}

func pendingOf(ctx context.Context, consumer jetstream.Consumer) (uint64, error) {
	info, err := consumer.Info(ctx)
	if err != nil {
		return 0, busFault(fmt.Errorf("follow: %w", err))
	}
	return info.NumPending + info.Delivered.Consumer, nil
}

// IsMarker reports whether a message stands for the removal of its key: by a
// call (KV-Operation) or by age (Nats-Marker-Reason).
func IsMarker(msg jetstream.Msg) bool {
	headers := msg.Headers()
	return headers.Get("KV-Operation") != "" || headers.Get("Nats-Marker-Reason") != ""
}

func keyOf(msg jetstream.Msg, bucket string) string {
	return strings.TrimPrefix(msg.Subject(), "$KV."+bucket+".")
}
