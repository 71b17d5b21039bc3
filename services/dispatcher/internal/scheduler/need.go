package scheduler

import (
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/schedule"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/tasks"
)

// bytesASecond guesses the length of a recording that nobody has decoded yet:
// 128 kbit/s is an ordinary MP3.
const bytesASecond = 16_000

// need tells which tasks a record calls for, and in which lane; false when it
// calls for none.
func need(record *jobv1.Job) (tasks.Lane, schedule.Work, bool) {
	work := schedule.Work{
		JobID:    record.GetId(),
		UserID:   record.GetUserId(),
		Attempt:  record.GetAttempt(),
		Priority: record.GetOptions().GetPriority(),
		Created:  record.GetCreatedAt().AsTime(),
	}
	switch record.GetState() {
	case jobv1.State_STATE_QUEUED, jobv1.State_STATE_PREPROCESSING:
		work.Tasks, work.Lead = 1, -1
		work.Cost = guess(record)
		work.Done = func(uint32) bool { return false }
		return tasks.Lane{Stage: jobv1.Stage_STAGE_PRE}, work, true
	case jobv1.State_STATE_TRANSCRIBING:
		work.Tasks, work.Lead = record.GetChunks(), lead(record)
		seconds := float64(record.GetMedia().GetDurationMs()) / 1000
		work.Cost = max(1, seconds/max(1, float64(record.GetChunks())))
		work.Done = func(chunk uint32) bool { return job.IsDone(record, chunk) }
		return tasks.Lane{Stage: jobv1.Stage_STAGE_ASR, Model: record.GetOptions().GetResolvedModel()}, work, true
	default:
		return tasks.Lane{}, work, false
	}
}

// guess is how many seconds of audio a job may turn out to have.
func guess(record *jobv1.Job) float64 {
	return max(1, float64(record.GetInput().GetSize())/bytesASecond)
}

// lead returns the chunk that finds the language for all others, -1 when the
// language is known.
func lead(record *jobv1.Job) int64 {
	if record.GetOptions().GetLanguage() != "auto" || record.GetLanguage() != "" {
		return -1
	}
	return int64(record.GetLeadChunk())
}

// taskOf returns the message for a chosen task.
func taskOf(record *jobv1.Job, lane tasks.Lane, pick schedule.Pick) *jobv1.Task {
	return &jobv1.Task{
		JobId: pick.JobID, UserId: record.GetUserId(), Attempt: pick.Attempt,
		Stage: lane.Stage, Chunk: pick.Task,
	}
}
