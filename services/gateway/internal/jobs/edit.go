package jobs

import (
	"context"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
)

// SetTranscript makes a blob the next version of the transcript of a completed job, as
// it was found. Conflict, code "transcript_changed": it is not as it was found any more.
func (j *Jobs) SetTranscript(ctx context.Context, found *jobv1.Job, ref *jobv1.BlobRef) (index.Entry, error) {
	return j.change(ctx, found, func(record *jobv1.Job) error {
		if record.GetState() != jobv1.State_STATE_COMPLETED || record.GetAttempt() != found.GetAttempt() ||
			job.TranscriptVersion(record) != job.TranscriptVersion(found) {
			return fault.New(fault.Conflict, "transcript_changed", "The transcript was changed meanwhile; read it again and repeat your change on it.")
		}
		record.Transcript, record.TranscriptVersion = ref, job.TranscriptVersion(found)+1
		return nil
	})
}

// Recorded reports whether the history has a job as it was found, with its transcript.
func (j *Jobs) Recorded(ctx context.Context, found index.Entry) (bool, error) {
	reply, err := j.History.GetConfirmed(ctx, &historyv1.GetConfirmedRequest{JobId: found.Job.GetId(), Revision: found.Revision})
	return reply.GetConfirmed(), err
}
