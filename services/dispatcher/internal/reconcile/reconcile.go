// Package reconcile mends what was lost on the way. Everything else in the
// dispatcher acts on news at once; this package walks all unfinished jobs now
// and then and does again what their records call for: it has tasks published
// that should be queued, applies results that nobody told, has jobs completed
// that only wait for it, and fails those whose model is gone.
package reconcile

import (
	"context"
	"errors"
	"log/slog"
	"math"
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
	// Served reports whether the mesh is laid out for a model.
	Served func(ctx context.Context, model string) (bool, error)
	// Unstick removes tasks that the queue has and gives to nobody.
	Unstick func(ctx context.Context) error
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

	troubled bool                 // the last walk met an error
	unserved map[string]time.Time // model -> not in the layout since
	missing  map[string]time.Time // job -> the bus has had no record of it since
}

// New returns a reconciler that walks so often.
func New(known *index.Index, jobs *job.Store, actions Actions, every time.Duration, log *slog.Logger) *Reconciler {
	return &Reconciler{
		index: known, jobs: jobs, actions: actions, every: every, log: log, wake: make(chan struct{}, 1),
		unserved: map[string]time.Time{}, missing: map[string]time.Time{},
	}
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
		stuck := r.actions.Unstick(ctx)
		r.actions.Recheck()
		live := r.index.Live()
		r.note(ctx, errors.Join(stuck, r.putBack(ctx, live, still), r.walk(ctx, live, still), r.failUnserved(ctx, live)))
	}
}

// note logs what a walk met: the first time somebody should hear of it, then it
// is the same again each time.
func (r *Reconciler) note(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		level := slog.LevelWarn
		if r.troubled {
			level = slog.LevelDebug
		}
		r.log.Log(ctx, level, "not all jobs were looked at; they are at the next walk", "err", err)
	}
	r.troubled = err != nil
}

func (r *Reconciler) walk(ctx context.Context, live []*jobv1.Job, still time.Duration) error {
	var stored map[job.ResultID]bool // asked for once, when it is needed
	var problems []error
	for _, record := range live {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if stands(record) < still {
			continue
		}
		switch record.GetState() {
		case jobv1.State_STATE_TRANSCRIBING:
			if stored == nil {
				var err error
				if stored, err = r.jobs.ResultIDs(ctx); err != nil {
					return err
				}
			}
			problems = append(problems, r.applyResults(ctx, record, stored))
		case jobv1.State_STATE_ASSEMBLING:
			r.actions.Finish(record.GetId())
		}
	}
	return errors.Join(problems...)
}

// stands is how long a record has stood still. One from the future was written by a
// clock that is wrong, and nobody knows.
func stands(record *jobv1.Job) time.Duration {
	if age := time.Since(record.GetUpdatedAt().AsTime()); age >= 0 {
		return age
	}
	return math.MaxInt64
}

// applyResults brings results into a record that it should have already.
func (r *Reconciler) applyResults(ctx context.Context, record *jobv1.Job, stored map[job.ResultID]bool) error {
	var found []*jobv1.ChunkResult
	for n := range record.GetChunks() {
		id := job.ResultID{JobID: record.GetId(), Attempt: record.GetAttempt(), Chunk: n}
		if job.IsDone(record, n) || !stored[id] {
			continue
		}
		result, err := r.jobs.Result(ctx, id.JobID, id.Attempt, id.Chunk)
		switch {
		case err == nil:
			found = append(found, result)
		case !fault.Is(err, fault.NotFound):
			return err
		}
	}
	if len(found) == 0 {
		return nil
	}
	return r.actions.Apply(ctx, record.GetId(), found)
}
