// Package worker does one preprocessing task: it leads a job from queued to
// transcribing (or, when nobody speaks, straight to assembling). What a task
// makes has fixed names and does not depend on who makes it or how often, so a
// worker that dies at any step is simply followed by another one:
//
//	record: preprocessing ─ chunk blobs ─ plan (first write wins) ─ record: transcribing
//
// Package pkg/work around it pulls the tasks, counts attempts and keeps leases;
// package prepare below it knows about sound.
package worker

import (
	"context"
	"log/slog"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/crash"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/work"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/prepare"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/scratch"
)

// Handler is the work.Handler of the stage. All fields are needed.
type Handler struct {
	Prepare prepare.Config
	Jobs    *job.Store
	Blobs   blob.Store
	Scratch *scratch.Space
	Log     *slog.Logger
	// Pause is how long a worker waits when there is no room on the disk, and how
	// long the recording then lets others go first.
	Pause time.Duration
	// Observe is told how long a task took, and whether it failed; one that was
	// stopped did not.
	Observe func(took time.Duration, failed bool)
}

// Done is always false: a task is done when the record has moved on, and then
// it is not asked for any more. A plan alone is not enough.
func (h *Handler) Done(context.Context, *jobv1.Task) (bool, error) { return false, nil }

// Run implements work.Handler.
func (h *Handler) Run(ctx context.Context, run *work.Run) error {
	began := time.Now()
	plan, err := h.run(ctx, run)
	h.Observe(time.Since(began), err != nil && ctx.Err() == nil)
	if err != nil {
		return h.waitForStorage(ctx, err)
	}
	h.Log.Info("recording prepared", "job", run.Task.GetJobId(), "attempt", run.Task.GetAttempt(),
		"audio_ms", plan.GetMedia().GetDurationMs(), "chunks", len(plan.GetChunks()), "took", time.Since(began))
	return nil
}

func (h *Handler) run(ctx context.Context, run *work.Run) (*jobv1.Plan, error) {
	if err := h.begin(ctx, run.Task); err != nil {
		return nil, err
	}
	plan, err := h.Jobs.Plan(ctx, run.Task.GetJobId(), run.Task.GetAttempt())
	if fault.Is(err, fault.NotFound) {
		plan, err = h.make(ctx, run)
	}
	if err != nil {
		return nil, err
	}
	return plan, h.finish(ctx, plan)
}

// make prepares the recording, stores its chunks and then the plan, and returns
// the plan that counts.
func (h *Handler) make(ctx context.Context, run *work.Run) (*jobv1.Plan, error) {
	folder, remove, err := h.Scratch.Folder()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := remove(); err != nil {
			h.Log.Warn("scratch folder not removed", "path", folder, "err", err)
		}
	}()
	path, err := h.fetch(ctx, run.Job.GetInput(), folder)
	if err != nil {
		return nil, err
	}
	prepared, err := h.prepare(ctx, run, path, folder)
	if err != nil {
		return nil, err
	}
	crash.Point(crash.AfterDecode)
	plan := newPlan(run.Task, prepared, h.Prepare.Tools.Version)
	if err := h.storeChunks(ctx, plan, prepared); err != nil {
		return nil, err
	}
	crash.Point(crash.AfterChunks)
	if err := h.Jobs.CreatePlan(ctx, plan); err != nil {
		return nil, err
	}
	crash.Point(crash.AfterPlan)
	return h.Jobs.Plan(ctx, plan.GetJobId(), plan.GetAttempt())
}
