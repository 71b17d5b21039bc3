package worker

import (
	"context"
	"slices"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/segment"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// begin tells that the work on the job has begun.
func (h *Handler) begin(ctx context.Context, task *jobv1.Task) error {
	return h.move(ctx, task.GetJobId(), task.GetAttempt(), func(record *jobv1.Job) error {
		if record.GetState() != jobv1.State_STATE_QUEUED {
			return job.ErrUnchanged
		}
		job.Advance(record, jobv1.State_STATE_PREPROCESSING, time.Now())
		return nil
	})
}

// finish moves the job on by its plan. Without chunks there is nothing to
// transcribe, and the transcript will be empty.
func (h *Handler) finish(ctx context.Context, plan *jobv1.Plan) error {
	return h.move(ctx, plan.GetJobId(), plan.GetAttempt(), func(record *jobv1.Job) error {
		if record.GetState() > jobv1.State_STATE_PREPROCESSING {
			return job.ErrUnchanged
		}
		record.Media = plan.GetMedia()
		record.Chunks = uint32(len(plan.GetChunks()))
		record.LeadChunk = leadChunk(plan)
		for _, warning := range plan.GetWarnings() { // an attempt before may have said the same
			if !slices.Contains(record.GetWarnings(), warning) {
				record.Warnings = append(record.GetWarnings(), warning)
			}
		}
		next := jobv1.State_STATE_TRANSCRIBING
		if record.GetChunks() == 0 {
			next = jobv1.State_STATE_ASSEMBLING
		}
		job.Advance(record, next, time.Now())
		return nil
	})
}

// Fail implements work.Handler.
func (h *Handler) Fail(ctx context.Context, task *jobv1.Task, why *fault.Error) error {
	h.Log.Info("recording refused", "job", task.GetJobId(), "attempt", task.GetAttempt(), "code", why.Code, "err", why)
	return h.move(ctx, task.GetJobId(), task.GetAttempt(), func(record *jobv1.Job) error {
		record.Error = &jobv1.Error{Code: why.Code, Message: why.Message}
		job.Advance(record, jobv1.State_STATE_FAILED, time.Now())
		return nil
	})
}

// move changes the record of one attempt. A job that is over, or in a later
// attempt, stays as it is: whoever ended it wins.
func (h *Handler) move(ctx context.Context, id string, attempt uint32, change func(*jobv1.Job) error) error {
	_, _, err := h.Jobs.Update(ctx, id, func(record *jobv1.Job) error {
		if job.Terminal(record.GetState()) || record.GetAttempt() != attempt {
			return job.ErrUnchanged
		}
		return change(record)
	})
	return err
}

// leadChunk is the number of the chunk with most speech of the channel with most
// speech.
func leadChunk(plan *jobv1.Plan) uint32 {
	pieces := make([]segment.Piece, len(plan.GetChunks()))
	spoken := make([]int64, len(plan.GetChannels())+1) // by channel
	for n, chunk := range plan.GetChunks() {
		for _, s := range chunk.GetSpeech() {
			pieces[n].Speech = append(pieces[n].Speech, segment.Span{StartMs: s.GetStartMs(), EndMs: s.GetEndMs()})
		}
		spoken[chunk.GetChannel()] += pieces[n].SpeechMs()
	}
	main := uint32(slices.Index(spoken, slices.Max(spoken)))
	for n, chunk := range plan.GetChunks() {
		if chunk.GetChannel() != main {
			pieces[n].Speech = nil
		}
	}
	return uint32(segment.Lead(pieces))
}
