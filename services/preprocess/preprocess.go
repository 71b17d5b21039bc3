// Package preprocess makes recordings ready to be transcribed: any audio or
// video file becomes 16 kHz mono PCM of even loudness, cut into chunks in its
// silences. It keeps nothing of its own: chunk audio goes to the blob store,
// the plan of the chunks to the bus.
//
//	TASKS pre ─> work.Worker ─> internal/worker ─> internal/prepare ─┬ media    ffprobe
//	             (attempts,     (record, plan,                       ├ decode   ffmpeg
//	              leases)        chunk blobs)                        ├ loudness, silence
//	                                                                 └ pkg/segment, pieces
//
// The dispatcher queues the tasks; the transcriber takes the chunks.
package preprocess

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/work"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/ffmpeg"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/prepare"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/scratch"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/worker"
)

// patience is how long a worker waits for a task before it asks again.
const patience = 30 * time.Second

// storagePause is how long a worker waits for room on the disk before it tries
// another recording.
const storagePause = 30 * time.Second

// Deps are the parts that the service works with.
type Deps struct {
	Bus   *bus.Bus
	Jobs  *job.Store
	Blobs blob.Store
	Log   *slog.Logger
	// Observe is told how long each task took, and whether it failed; nil for
	// nobody. The name is always "preprocess".
	Observe func(name string, took time.Duration, failed bool)
}

// Service is one preprocessor.
type Service struct {
	cfg     Config
	deps    Deps
	tools   ffmpeg.Tools
	control *job.Control
	scratch *scratch.Space
	pause   time.Duration // before a recording that found no room is tried again
}

// New finds ffmpeg, clears the scratch folder of what dead processes left, and
// listens for cancellations. Whoever calls New calls Run.
func New(ctx context.Context, cfg Config, deps Deps) (*Service, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("preprocess: %w", err)
	}
	tools, err := ffmpeg.Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("preprocess: %w", err)
	}
	space, err := scratch.Open(cfg.Scratch)
	if err != nil {
		return nil, fmt.Errorf("preprocess: %w", err)
	}
	control, err := job.NewControl(deps.Bus.NC)
	if err != nil {
		_ = space.Close() // the first error is the one to tell
		return nil, fmt.Errorf("preprocess: %w", err)
	}
	if deps.Observe == nil {
		deps.Observe = func(string, time.Duration, bool) {}
	}
	return &Service{cfg: cfg, deps: deps, tools: tools, control: control, scratch: space, pause: storagePause}, nil
}

// Run works until ctx ends. All goroutines and child processes have ended and
// the scratch folder is empty when it returns; a task in hand is given back.
func (s *Service) Run(ctx context.Context) error {
	source := work.NewDurable(s.deps.Bus.JS, bus.StreamTasks, bus.ConsumerPre, patience)
	var group sync.WaitGroup
	for n := range s.cfg.Workers {
		group.Go(func() { s.worker(n, source).Run(ctx) })
	}
	group.Wait()
	if err := s.control.Close(); err != nil && s.deps.Bus.NC.IsConnected() {
		s.deps.Log.Warn("subscription not ended", "err", err)
	}
	return s.scratch.Close()
}

// Check reports whether tasks can be had; the error is Unavailable.
func (s *Service) Check(ctx context.Context) error {
	return s.deps.Bus.CheckConsumer(ctx, bus.StreamTasks, bus.ConsumerPre)
}

func (s *Service) worker(n int, source work.Source) *work.Worker {
	return &work.Worker{
		Name:    name(n),
		Source:  source,
		Handler: s.handler(),
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

func (s *Service) handler() *worker.Handler {
	return &worker.Handler{
		Prepare: prepare.Config{Tools: s.tools, Recording: s.cfg.MaxRecording, Wall: s.cfg.MaxDecode},
		Jobs:    s.deps.Jobs,
		Blobs:   s.deps.Blobs,
		Scratch: s.scratch,
		Log:     s.deps.Log,
		Pause:   s.pause,
		Observe: func(took time.Duration, failed bool) { s.deps.Observe("preprocess", took, failed) },
	}
}

// name tells workers apart in the records, for example "preprocess-host-4711/0".
func name(n int) string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("preprocess-%s-%d/%d", host, os.Getpid(), n)
}
