// Package notify queues hooks: it reads the ends of jobs from the feed and puts into
// HOOKS who has to be told of them. Gateways empty that queue. The durable consumer
// that all dispatchers share remembers what was read, so that an end which nobody was
// there to read is read later; the queue takes each hook once.
package notify

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/crash"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/durable"
)

// later is when a hook is queued again that the queue did not take.
const later = 5 * time.Second

// Notifier reads the durable consumer of ends.
type Notifier struct {
	js   jetstream.JetStream
	jobs *job.Store
	log  *slog.Logger
}

// New returns a notifier.
func New(js jetstream.JetStream, jobs *job.Store, log *slog.Logger) *Notifier {
	return &Notifier{js: js, jobs: jobs, log: log}
}

// Run queues hooks until ctx ends.
func (n *Notifier) Run(ctx context.Context) {
	reader := durable.Reader{JS: n.js, Name: bus.ConsumerNotify, Log: n.log, Handle: func(ctx context.Context, messages []jetstream.Msg) {
		for _, msg := range messages {
			n.handle(ctx, msg)
		}
	}}
	reader.Run(ctx)
}

// Told reports whether the change of a record at a revision has been read, and its
// hooks are queued: the record may go.
func (n *Notifier) Told(ctx context.Context, revision uint64) (bool, error) {
	consumer, err := n.js.Consumer(ctx, bus.StreamJobs, bus.ConsumerNotify)
	if err != nil {
		return false, fault.Wrap(fmt.Errorf("ask how far hooks are queued: %w", err), fault.Unavailable, job.CodeBusAway, "The bus does not answer.")
	}
	return consumer.CachedInfo().AckFloor.Stream >= revision, nil
}

// handle acknowledges a change when its hooks are queued; else it comes again.
func (n *Notifier) handle(ctx context.Context, msg jetstream.Msg) {
	record := &jobv1.Job{}
	if job.IsMarker(msg) || proto.Unmarshal(msg.Data(), record) != nil {
		_ = msg.Ack() // a record that was removed, or nothing of ours
		return
	}
	if job.Terminal(record.GetState()) {
		crash.Point(crash.BeforeNotify)
	}
	for _, hook := range job.Hooks(record, time.Now()) {
		if err := n.jobs.QueueHook(ctx, hook); err != nil {
			if ctx.Err() == nil {
				n.log.Warn("hook not queued; it is tried again", "job", record.GetId(), "err", err)
			}
			_ = msg.NakWithDelay(later)
			return
		}
	}
	_ = msg.Ack() // without it the change comes again, harmlessly
}
