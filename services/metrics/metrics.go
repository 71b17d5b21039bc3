// Package metrics gathers what all services observe into summaries over a
// rolling window: how fast routes, stages and queries are, and what the process
// uses of the machine.
//
//	every process ──obs.v1.>──> gatherer ──> window <── gRPC: MetricsService <── gateway
//	job feed (stage timings) ──────^
//
// Nothing is kept on disk, and observations may be lost: this tells how the
// mesh feels, not what it did.
package metrics

import (
	"context"
	"flag"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/grpc"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	metricsv1 "github.com/stenomesh/stenomesh/proto/metrics/v1"
	"github.com/stenomesh/stenomesh/services/metrics/internal/process"
	"github.com/stenomesh/stenomesh/services/metrics/internal/window"
)

// Config is what an operator may set.
type Config struct {
	Window time.Duration // that summaries look back over
}

// DefaultConfig looks back five minutes.
func DefaultConfig() Config { return Config{Window: 5 * time.Minute} }

// RegisterFlags declares the settings as flags.
func (c *Config) RegisterFlags(flags *flag.FlagSet) {
	flags.DurationVar(&c.Window, "metrics.window", c.Window, "how far back summaries look, at least 1s")
}

// Deps are the parts that the service works with.
type Deps struct {
	NC   *nats.Conn
	Jobs *job.Store // whose feed tells stage timings
	Log  *slog.Logger
}

// Service gathers and answers.
type Service struct {
	server   *server
	gatherer *gatherer
	meter    *process.Meter
	log      *slog.Logger
}

// New returns a service with an empty window.
func New(cfg Config, deps Deps) (*Service, error) {
	if cfg.Window < time.Second {
		return nil, fault.New(fault.Invalid, "invalid_window", "metrics.window must be at least 1s.")
	}
	w, meter := window.New(cfg.Window), process.NewMeter(cfg.Window)
	return &Service{
		server:   &server{window: w, length: cfg.Window, began: time.Now(), meter: meter},
		gatherer: &gatherer{window: w, nc: deps.NC, jobs: deps.Jobs, log: deps.Log},
		meter:    meter,
		log:      deps.Log,
	}, nil
}

// Register adds MetricsService to a server.
func (s *Service) Register(registrar grpc.ServiceRegistrar) {
	metricsv1.RegisterMetricsServiceServer(registrar, s.server)
}

// Run gathers until ctx ends. The error says that the bus refused the
// subscription.
func (s *Service) Run(ctx context.Context) error {
	unsubscribe, err := s.gatherer.subscribe()
	if err != nil {
		return err
	}
	defer unsubscribe()
	var wg sync.WaitGroup
	wg.Go(func() { s.gatherer.followJobs(ctx) })
	wg.Go(func() { s.sample(ctx) })
	wg.Wait()
	return nil
}

// sample notes the processor time at the pace at which the window moves on.
func (s *Service) sample(ctx context.Context) {
	ticker := time.NewTicker(s.gatherer.window.Slot())
	defer ticker.Stop()
	for {
		usage, err := process.Read()
		if err != nil {
			s.log.InfoContext(ctx, "processor time and memory are not known on this system", "err", err)
			return
		}
		s.meter.Add(time.Now(), usage.CPU)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
