package transcriber

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/models"
)

// engineStarted takes the load report of an engine.
func (s *Service) engineStarted(report *enginev1.GetInfoResponse) {
	s.gpu.started(report)
	if s.cfg.ExpectGPU && !report.GetGpu() {
		s.deps.Log.Warn("engine runs without the expected gpu", "device", report.GetDevice(), "devices", report.GetDevices())
	}
}

// gpuWatch knows whether the engine uses a GPU. An engine that finds none falls back
// to the processor and works on, many times slower: whoever expects a GPU wants to
// hear of that.
type gpuWatch struct {
	mu     sync.Mutex
	report *enginev1.GetInfoResponse // of the engine that started last; nil before the first
}

// started takes the load report of an engine.
func (g *gpuWatch) started(report *enginev1.GetInfoResponse) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.report = report
}

// check is Unavailable, with the code gpu_unknown or gpu_missing, unless the engine
// uses a GPU.
func (g *gpuWatch) check() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.report == nil:
		return fault.New(fault.Unavailable, "gpu_unknown", "No model has been loaded yet, so that nobody knows whether there is a GPU.")
	case !g.report.GetGpu():
		return fault.Wrap(fmt.Errorf("the engine uses %s of %v", g.report.GetDevice(), g.report.GetDevices()), fault.Unavailable,
			"gpu_missing", "A GPU is expected, but the engine found none that it can use and runs on the processor.")
	}
	return nil
}

// lookAgain is when a model that could not be loaded is tried once more.
const lookAgain = 10 * time.Second

// lookForGPU loads a model, because only that tells what the engine runs on. It
// returns when one was loaded or ctx ends.
func (s *Service) lookForGPU(ctx context.Context) {
	for ctx.Err() == nil && !s.loadSmallest(ctx) {
		select {
		case <-ctx.Done():
		case <-time.After(lookAgain):
		}
	}
}

// loadSmallest loads the installed model that takes least time. Why it could not be
// loaded the manager has told.
func (s *Service) loadSmallest(ctx context.Context) bool {
	installed := slices.DeleteFunc(s.models.List(), func(m models.Listed) bool { return !m.Installed })
	if len(installed) == 0 {
		return false
	}
	smallest := slices.MinFunc(installed, func(a, b models.Listed) int { return cmp.Compare(a.Bytes, b.Bytes) })
	lease, err := s.models.Acquire(ctx, smallest.Name)
	if err != nil {
		return false
	}
	lease.Release()
	return true
}
