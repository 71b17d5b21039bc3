// Package reconcile mends what was lost on the way. Everything else in the
// dispatcher acts on news at once; this package walks all unfinished jobs now
// and then and does again what their records call for: it has tasks published
// that should be queued, applies results that nobody told, and has jobs
// completed that only wait for it.
package reconcile

import (
	"context"
	"log/slog"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/index"
)

// Actions are what the reconciler has others do.
type Actions struct {
	// Recheck has every unfinished task published again. It does not block.
	Recheck func()
	// Apply brings results into the record of a job.
	Apply func(ctx context.Context, id string, results []*jobv1.ChunkResult) error
	// Finish has a job completed. It does not block.
	Finish func(id string)
}

// Reconciler walks the index.
type Reconciler struct {
	index   *index.Index
	jobs    *job.Store
	actions Actions
	every   time.Duration
	log     *slog.Logger
	wake    chan struct{}
}

// New returns a reconciler that walks so often.
func New(known *index.Index, jobs *job.Store, actions Actions, every time.Duration, log *slog.Logger) *Reconciler {
	return &Reconciler{index: known, jobs: jobs, actions: actions, every: every, log: log, wake: make(chan struct{}, 1)}
}

// Now asks for a walk before the next one is due.
func (r *Reconciler) Now() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run walks until ctx ends. A walk that was asked for looks at every job, a
// regular one only at those that have stood still.
func (r *Reconciler) Run(ctx context.Context) {
	ticker := time.NewTicker(r.every)
	defer ticker.Stop()
	for {
		still := r.every
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
			still = 0
		case <-ticker.C:
		}
		r.actions.Recheck()
		r.walk(ctx, still)
	}
}

func (r *Reconciler) walk(ctx context.Context, still time.Duration) {
	for _, record := range r.index.Live() {
		if ctx.Err() != nil {
			return
		}
		if time.Since(record.GetUpdatedAt().AsTime()) < still {
			continue
		}
		switch record.GetState() {
		case jobv1.State_STATE_TRANSCRIBING:
			r.applyResults(ctx, record)
		case jobv1.State_STATE_ASSEMBLING:
			r.actions.Finish(record.GetId())
		}
	}
}

// applyResults brings results into a record that it should have already.
func (r *Reconciler) applyResults(ctx context.Context, record *jobv1.Job) {
	var found []*jobv1.ChunkResult
	for n := range record.GetChunks() {
		if job.IsDone(record, n) {
			continue
		}
		result, err := r.jobs.Result(ctx, record.GetId(), record.GetAttempt(), n)
		switch {
		case err == nil:
			found = append(found, result)
		case !fault.Is(err, fault.NotFound):
			r.log.Debug("results not looked at", "job", record.GetId(), "err", err)
			return
		}
	}
	if len(found) == 0 {
		return
	}
	if err := r.actions.Apply(ctx, record.GetId(), found); err != nil {
		r.log.Debug("results not recorded", "job", record.GetId(), "err", err)
	}
}
