package postgres

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
SELECT
    status = 'deleted',
    revision
FROM transcription_history
WHERE id = $1 AND (status = 'deleted' OR NOT (` + lacksTranscript + `))`

// Confirmed reports whether a revision of a job is stored with all it has.
func (s *Store) Confirmed(ctx context.Context, jobID string, revision uint64) (bool, error) {
	var deleted bool
	var stored uint64
	found, err := s.readRow(ctx, "confirm "+jobID, []any{&deleted, &stored}, selectConfirmed, jobID)
	return found && (deleted || stored >= revision), err
}

const selectLacking = `
SELECT
    record,
    revision
FROM transcription_history
WHERE id = $1 AND ` + lacksTranscript

// Lacking returns a completed job that has no transcript.
func (s *Store) Lacking(ctx context.Context, jobID string) (*jobv1.Job, uint64, error) {
	return s.readJob(ctx, jobID, selectLacking, jobID)
}
