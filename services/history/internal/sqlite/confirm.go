package sqlite

import (
	"context"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// lacksTranscript holds for a completed row without the transcript of its
// attempt and version.
const lacksTranscript = `status = 'completed' AND NOT EXISTS (
    SELECT 1
    FROM transcripts
    WHERE transcripts.job_id = transcription_history.id
        AND transcripts.attempt = transcription_history.attempt
        AND transcripts.version >= transcription_history.transcript_version)`

// A tombstone answers for every revision: nothing can follow it.
const selectConfirmed = `
SELECT 1
FROM transcription_history
WHERE id = ? AND (status = 'deleted' OR revision >= ? AND NOT (` + lacksTranscript + `))`

// Confirmed reports whether a revision of a job is stored with all it has.
func (s *Store) Confirmed(ctx context.Context, jobID string, revision uint64) (bool, error) {
	var one int
	err := s.reader.QueryRowContext(ctx, selectConfirmed, jobID, int64(revision)).Scan(&one)
	return err == nil, classify("confirm "+jobID, err)
}

const selectLacking = `
SELECT record, revision
FROM transcription_history
WHERE id = ? AND ` + lacksTranscript

// Lacking returns a completed job that has no transcript.
func (s *Store) Lacking(ctx context.Context, jobID string) (*jobv1.Job, uint64, error) {
	return scanJob(jobID, s.reader.QueryRowContext(ctx, selectLacking, jobID))
}
