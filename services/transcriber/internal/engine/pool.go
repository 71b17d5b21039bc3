package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
)

// maxReplacements bounds how often one call looks for a living process.
const maxReplacements = 3

// Pool is one model's engine over time: at most one process, started when it is
// needed and again after it died, with as many calls in it as it has slots.
type Pool struct {
	cfg   Config
	slots *semaphore.Weighted
	work  sync.WaitGroup // starts under way

	mu        sync.Mutex
	closed    bool
	process   *Process // the latest; it may have died
	starting  *start   // nil when none is under way
	failures  int      // failed starts in a row
	notBefore time.Time
}

// NewPool returns a pool without a process. Whoever makes it calls Close.
func NewPool(cfg Config) (*Pool, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Pool{cfg: cfg, slots: semaphore.NewWeighted(int64(cfg.Slots))}, nil
}

// Start loads the model, if it is not loaded, and returns the load report. After
// failed starts it first waits, longer each time. A start goes on when ctx ends,
// for the next caller. The error is that of package function Start or of
// Config.Verify, or ErrClosed.
func (p *Pool) Start(ctx context.Context) (*enginev1.GetInfoResponse, error) {
	process, err := p.living(ctx)
	if err != nil {
		return nil, err
	}
	return process.Info(), nil
}

// Transcribe decodes one window. It waits for a free slot; with alone for all of
// them, so that no other call is in the process. Errors are those of
// Process.Transcribe and Start.
func (p *Pool) Transcribe(ctx context.Context, req *enginev1.TranscribeRequest, alone bool) (*enginev1.TranscribeResponse, error) {
	return pooled(ctx, p, alone, func(ctx context.Context, process *Process) (*enginev1.TranscribeResponse, error) {
		return process.Transcribe(ctx, req)
	})
}

// DetectLanguage gives the probability of each candidate language, as Transcribe
// does its work.
func (p *Pool) DetectLanguage(ctx context.Context, req *enginev1.DetectLanguageRequest, alone bool) (*enginev1.DetectLanguageResponse, error) {
	return pooled(ctx, p, alone, func(ctx context.Context, process *Process) (*enginev1.DetectLanguageResponse, error) {
		return process.DetectLanguage(ctx, req)
	})
}

func pooled[R any](ctx context.Context, p *Pool, alone bool, call func(context.Context, *Process) (*R, error)) (*R, error) {
	weight := int64(1)
	if alone {
		weight = int64(p.cfg.Slots)
	}
	if err := p.slots.Acquire(ctx, weight); err != nil {
		return nil, fmt.Errorf("wait for an engine slot: %w", err)
	}
	defer p.slots.Release(weight)
	for n := 1; ; n++ {
		process, err := p.living(ctx)
		if err != nil {
			return nil, err
		}
		resp, err := within(ctx, process, call)
		if n == maxReplacements || !errors.Is(err, errGone) {
			return resp, err
		}
	}
}

// Close ends the process and frees its memory before it returns. Calls in it
// return ErrClosed, as do later ones.
func (p *Pool) Close() error {
	p.mu.Lock()
	p.closed = true
	if p.starting != nil {
		p.starting.cancel()
	}
	p.mu.Unlock()
	p.work.Wait()
	if p.process == nil { // set by starts only, and none is left
		return nil
	}
	return p.process.Close()
}
