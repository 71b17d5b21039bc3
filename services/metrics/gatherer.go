package metrics

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/telemetry"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	metricsv1 "github.com/stenomesh/stenomesh/proto/metrics/v1"
	"github.com/stenomesh/stenomesh/services/metrics/internal/window"
)

// refollow is how long to wait before the job feed is opened again.
const refollow = time.Second

// gatherer fills the window.
type gatherer struct {
	window *window.Window
	nc     *nats.Conn
	jobs   *job.Store
	log    *slog.Logger
}

// subscribe takes the batches of all processes.
func (g *gatherer) subscribe() (unsubscribe func(), err error) {
	sub, err := g.nc.Subscribe(telemetry.AllSubjects, g.receive)
	if err != nil {
		return nil, fmt.Errorf("subscribe to observations: %w", err)
	}
	return func() { _ = sub.Unsubscribe() }, nil // the connection may be gone already
}

func (g *gatherer) receive(msg *nats.Msg) {
	batch := &metricsv1.Batch{}
	if err := proto.Unmarshal(msg.Data, batch); err != nil {
		g.log.Debug("batch is not readable", "subject", msg.Subject, "err", err)
		return
	}
	now := time.Now()
	for _, o := range batch.GetObservations() {
		if _, known := metricsv1.Kind_name[int32(o.GetKind())]; !known || o.GetKind() == metricsv1.Kind_KIND_UNSPECIFIED {
			continue // of a newer version
		}
		g.window.Add(now, window.Key{Kind: int32(o.GetKind()), Name: o.GetName()}, o.GetDurationUs(), o.GetError())
	}
}

// followJobs counts the stage timings of each job that ends from now on.
func (g *gatherer) followJobs(ctx context.Context) {
	watch := stageWatch{count: g.countStages}
	for {
		err := g.jobs.Follow(ctx, watch.handle)
		if ctx.Err() != nil {
			return
		}
		g.log.WarnContext(ctx, "job feed is not available", "err", err)
		select {
		case <-time.After(refollow):
		case <-ctx.Done():
			return
		}
	}
}

func (g *gatherer) countStages(record *jobv1.Job) {
	now := time.Now()
	timings := record.GetTimings()
	for i, timing := range timings {
		// A job fails in the stage that ended last.
		failed := record.GetState() == jobv1.State_STATE_FAILED && i == len(timings)-1
		g.window.Add(now, window.Key{Kind: int32(metricsv1.Kind_KIND_STAGE), Name: timing.GetStage()},
			timing.GetDurationMs()*1000, failed)
	}
}

// stageWatch picks the events at which a job ends: once each, and none of those
// that were there before. A deletion is not an end, the job had one.
type stageWatch struct {
	count  func(*jobv1.Job)
	live   bool   // what was stored at the start has been told
	newest uint64 // revision of the newest event seen
}

func (w *stageWatch) handle(event job.Event) {
	if event.CaughtUp {
		w.live = true
		return
	}
	if event.Revision <= w.newest {
		return // told again after a break
	}
	w.newest = event.Revision
	state := event.Job.GetState()
	edited := job.TranscriptVersion(event.Job) > 1 // it has ended long ago
	if w.live && !event.Gone && job.Terminal(state) && state != jobv1.State_STATE_DELETED && !edited {
		w.count(event.Job)
	}
}
