package bus_test

import (
	"context"
	"errors"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/work"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// stage is a worker's work without the heavy part.
type stage struct{ jobs *job.Store }

// Done implements work.Handler.
func (s *stage) Done(ctx context.Context, task *jobv1.Task) (bool, error) {
	if task.GetStage() == jobv1.Stage_STAGE_PRE {
		return false, nil
	}
	_, err := s.jobs.Result(ctx, task.GetJobId(), task.GetAttempt(), task.GetChunk())
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// Run implements work.Handler. The second chunk is poison.
func (s *stage) Run(ctx context.Context, run *work.Run) error {
	task := run.Task
	run.Progress(1, 2)
	if task.GetStage() == jobv1.Stage_STAGE_ASR {
		if task.GetChunk() == 1 {
			return errors.New("engine error")
		}
		return s.jobs.CreateResult(ctx, &jobv1.ChunkResult{JobId: task.GetJobId(), Attempt: task.GetAttempt(), Chunk: task.GetChunk()})
	}
	if err := s.jobs.CreatePlan(ctx, &jobv1.Plan{JobId: task.GetJobId(), Attempt: task.GetAttempt()}); err != nil {
		return err
	}
	_, _, err := s.jobs.Update(ctx, task.GetJobId(), func(r *jobv1.Job) error {
		r.State, r.Chunks = jobv1.State_STATE_TRANSCRIBING, 2
		return nil
	})
	return err
}

// Fail implements work.Handler.
func (s *stage) Fail(ctx context.Context, task *jobv1.Task, why *fault.Error) error {
	return s.jobs.CreateResult(ctx, &jobv1.ChunkResult{JobId: task.GetJobId(), Attempt: task.GetAttempt(), Chunk: task.GetChunk(),
		Error: &jobv1.Error{Code: why.Code}})
}
