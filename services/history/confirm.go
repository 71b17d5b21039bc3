package history

import (
	"context"

	"github.com/stenomesh/stenomesh/pkg/fault"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// GetConfirmed tells whether a revision is stored, a completed job with its
// transcript: whoever asks will remove record and blob. A transcript that the
// recorder could not read is tried again here.
func (s *jobServer) GetConfirmed(ctx context.Context, req *historyv1.GetConfirmedRequest) (*historyv1.GetConfirmedResponse, error) {
	confirmed, err := s.store.Confirmed(ctx, req.GetJobId(), req.GetRevision())
	if err == nil && !confirmed && s.fill(ctx, req.GetJobId()) {
		confirmed, err = s.store.Confirmed(ctx, req.GetJobId(), req.GetRevision())
	}
	if err != nil {
		return nil, err
	}
	return &historyv1.GetConfirmedResponse{Confirmed: confirmed}, nil
}

// fill stores the transcript that a completed job lacks, and reports whether it
// did. What stands in the way is no error of the question: the answer is no.
func (s *jobServer) fill(ctx context.Context, jobID string) bool {
	job, revision, err := s.store.Lacking(ctx, jobID)
	if fault.Is(err, fault.NotFound) { // the row is behind, and the recorder will see to it
		return false
	}
	change := record.Change{Job: job, Revision: revision}
	if err == nil {
		change.Transcript, err = readTranscript(ctx, s.blobs, job)
	}
	if err == nil {
		err = s.store.Record(ctx, []record.Change{change})
	}
	if err != nil { // asked every minute: the recorder has said it once and loudly
		s.log.DebugContext(ctx, "transcript is still missing", "job", jobID, "err", err)
		return false
	}
	s.log.InfoContext(ctx, "missing transcript is stored", "job", jobID)
	return true
}
