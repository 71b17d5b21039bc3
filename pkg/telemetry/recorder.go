package telemetry

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	metricsv1 "github.com/stenomesh/stenomesh/proto/metrics/v1"
)

const (
	queueLength = 8192 // observations that wait to be published
	batchLength = 2048 // observations a message: about 100 KB, far below what the bus takes
	interval    = time.Second
)

// AllSubjects matches the batches of every service.
const AllSubjects = "obs.v1.>"

// Subject is where a service publishes its batches.
func Subject(service string) string { return "obs.v1." + service }

// Publisher sends batches to the metrics service over the bus.
func Publisher(nc *nats.Conn, service string) func(*metricsv1.Batch) error {
	subject := Subject(service)
	return func(batch *metricsv1.Batch) error {
		data, err := proto.Marshal(batch)
		if err != nil {
			return fmt.Errorf("encode batch: %w", err)
		}
		return nc.Publish(subject, data)
	}
}

// Recorder gathers observations and publishes them each second.
type Recorder struct {
	source  string
	publish func(*metricsv1.Batch) error
	log     *slog.Logger
	queue   chan observation
	dropped atomic.Uint64
	stop    chan struct{}
	stopped sync.Once
	done    chan struct{}
}

type observation struct {
	kind   metricsv1.Kind
	name   string
	took   time.Duration
	failed bool
}

// NewRecorder starts to publish; Close ends that. source names the process and
// is unique while it runs.
func NewRecorder(source string, publish func(*metricsv1.Batch) error, log *slog.Logger) *Recorder {
	r := &Recorder{source: source, publish: publish, log: log, queue: make(chan observation, queueLength),
		stop: make(chan struct{}), done: make(chan struct{})}
	go r.run()
	return r
}

// Observe notes that something took time and whether it went wrong on our side.
// name is one of few (a route pattern, a stage, a query) and holds nothing of a
// user. It never waits: when observations come faster than they are published,
// they are dropped and counted.
func (r *Recorder) Observe(kind metricsv1.Kind, name string, took time.Duration, failed bool) {
	select {
	case r.queue <- observation{kind, name, took, failed}:
	default:
		r.dropped.Add(1)
	}
}

// Dropped returns how many observations were dropped so far.
func (r *Recorder) Dropped() uint64 { return r.dropped.Load() }

// Close publishes what is left. What is observed afterwards is lost.
func (r *Recorder) Close() {
	r.stopped.Do(func() { close(r.stop) })
	<-r.done
}

func (r *Recorder) run() {
	defer close(r.done)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var batch []*metricsv1.Observation
	for {
		select {
		case o := <-r.queue:
			batch = r.add(batch, o)
		case <-ticker.C:
			r.flush(batch)
			batch = nil
		case <-r.stop:
			r.drain(batch)
			return
		}
	}
}

func (r *Recorder) drain(batch []*metricsv1.Observation) {
	for {
		select {
		case o := <-r.queue:
			batch = r.add(batch, o)
		default:
			r.flush(batch)
			return
		}
	}
}

// add puts an observation into the batch, and publishes it when it is full.
func (r *Recorder) add(batch []*metricsv1.Observation, o observation) []*metricsv1.Observation {
	batch = append(batch, o.message())
	if len(batch) < batchLength {
		return batch
	}
	r.flush(batch)
	return nil
}

// flush publishes a batch. One that the bus does not take is lost.
func (r *Recorder) flush(batch []*metricsv1.Observation) {
	if len(batch) == 0 {
		return
	}
	if err := r.publish(&metricsv1.Batch{Source: r.source, Observations: batch}); err != nil {
		r.dropped.Add(uint64(len(batch)))
		r.log.Debug("observations are lost", "observations", len(batch), "dropped", r.Dropped(), "err", err)
	}
}

func (o observation) message() *metricsv1.Observation {
	return &metricsv1.Observation{Kind: o.kind, Name: o.name, DurationUs: max(0, o.took.Microseconds()), Error: o.failed}
}
