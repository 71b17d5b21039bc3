package collect

import (
	"context"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/durable"
)

// again is when a result comes again that was not recorded.
const again = time.Second

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

// Run collects until ctx ends. Results that came together are handled together, so that
// a job with many of them costs few writes.
func (c *Collector) Run(ctx context.Context) {
	reader := durable.Reader{JS: c.js, Name: bus.ConsumerAssembler, Log: c.log, Handle: c.handle}
	reader.Run(ctx)
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
