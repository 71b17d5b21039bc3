// Package transcriber turns chunks of recordings into words. It keeps nothing
// but loaded models: chunks come from the blob store, results go there and to
// the bus.
//
//	TASKS asr_<model> ─> lanes ─> work.Worker, one a slot ─> internal/worker
//	                     (which   (attempts, leases,         │ internal/window  cuts, clock
//	                      model)   cancellation)             │ internal/models  what is loaded
//	                                                         └ internal/engine  child processes
//
// The preprocess service makes the chunks, the dispatcher queues them and takes
// up the results.
package transcriber

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/work"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/models"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/worker"
)

// Deps are the parts that the service works with.
type Deps struct {
	Bus     *bus.Bus
	Jobs    *job.Store
	Blobs   blob.Store
	Catalog *catalog.Catalog
	Log     *slog.Logger
	// Observe is told how long a step took and whether it failed; nil for
	// nobody. Names are "transcribe_chunk", "transcribe_window",
	// "transcribe_again" (a second decoding that the quality guard asked for) and
	// "detect_language".
	Observe func(name string, took time.Duration, failed bool)
}

// Service is one transcriber.
type Service struct {
	cfg     Config
	deps    Deps
	models  *models.Manager
	control *job.Control
	handler *worker.Handler
	gpu     gpuWatch
}

// New finds the engine, clears up after engines of killed processes, and listens
// for cancellations; models are loaded when they are first needed. Whoever calls New calls Run.
func New(cfg Config, deps Deps) (*Service, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, fmt.Errorf("transcriber: %w", err)
	}
	if deps.Observe == nil {
		deps.Observe = func(string, time.Duration, bool) {}
	}
	s := &Service{cfg: cfg, deps: deps}
	running := cfg.engine()
	running.Log, running.Ready = deps.Log, s.engineStarted
	if err := engine.PrepareRunDir(running.RunDir); err != nil {
		return nil, fmt.Errorf("transcriber: %w", err)
	}
	manager, err := models.New(models.Config{
		Catalog: deps.Catalog, Store: catalog.NewStore(cfg.modelDirs()...),
		MaxModels: cfg.MaxModels, Engine: running, Log: deps.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("transcriber: %w", err)
	}
	control, err := job.NewControl(deps.Bus.NC)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("transcriber: %w", err), manager.Close())
	}
	s.models, s.control = manager, control
	s.handler = &worker.Handler{
		Name: processName(), Jobs: deps.Jobs, Blobs: deps.Blobs, Acquire: s.acquire,
		Translates: s.translates, Limit: cfg.Limit, Observe: deps.Observe, Log: deps.Log,
	}
	return s, nil
}

// translates reports what the catalogue says of a model; one that nobody has tried
// is asked to.
func (s *Service) translates(name string) bool {
	model, err := s.deps.Catalog.Find(name)
	return err == nil && !model.CannotTranslate()
}

// Run transcribes until ctx ends. All goroutines and engines have ended when it
// returns; chunks in hand are given back.
func (s *Service) Run(ctx context.Context) error {
	lanes := newLanes(s.deps.Bus.JS, s.models.List)
	var group sync.WaitGroup
	if s.cfg.ExpectGPU {
		group.Go(func() { s.lookForGPU(ctx) })
	}
	for n := range s.cfg.Slots {
		group.Go(func() { s.worker(n, lanes.slot()).Run(ctx) })
	}
	group.Wait()
	if err := s.control.Close(); err != nil && s.deps.Bus.NC.IsConnected() {
		s.deps.Log.Warn("subscription not ended", "err", err)
	}
	if err := s.models.Close(); err != nil {
		return fmt.Errorf("transcriber: %w", err)
	}
	return nil
}

// Check reports whether tasks of every installed model can be had, and whether there
// is a GPU where one is expected; the error is Unavailable.
func (s *Service) Check(ctx context.Context) error {
	if s.cfg.ExpectGPU {
		if err := s.gpu.check(); err != nil {
			return err
		}
	}
	for _, m := range s.models.List() {
		if !m.Installed {
			continue
		}
		if err := s.deps.Bus.CheckConsumer(ctx, bus.StreamTasks, bus.ConsumerASR(m.Name)); err != nil {
			return err
		}
	}
	return s.deps.Bus.Check()
}

func (s *Service) worker(n int, source work.Source) *work.Worker {
	return &work.Worker{
		Name:    fmt.Sprintf("%s/%d", s.handler.Name, n),
		Source:  source,
		Handler: s.handler,
		Jobs:    s.deps.Jobs,
		Control: s.control,
		Conn:    s.deps.Bus.NC,
		JS:      s.deps.Bus.JS,
		Log:     s.deps.Log,
		Beat:    bus.Beat,
		Lease:   bus.Lease,
		Grace:   s.cfg.Grace,
	}
}

// processName tells transcribers apart in the records, for example
// "transcriber-host-4711".
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("transcriber-%s-%d", host, os.Getpid())
}
