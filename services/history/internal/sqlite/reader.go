package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

const selectJob = `
SELECT record, revision
FROM transcription_history
WHERE id = ? AND user_id = ? AND status <> 'deleted'`

// Job returns a job of a user.
func (s *Store) Job(ctx context.Context, userID, jobID string) (*jobv1.Job, uint64, error) {
	return scanJob(jobID, s.reader.QueryRowContext(ctx, selectJob, jobID, userID))
}

// scanJob reads the record and the revision of a row. NotFound: there is none.
func scanJob(jobID string, row *sql.Row) (*jobv1.Job, uint64, error) {
	var body []byte
	var revision uint64
	err := row.Scan(&body, &revision)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, fault.New(fault.NotFound, "task_not_found", "There is no such task.")
	}
	if err != nil {
		return nil, 0, classify("read job "+jobID, err)
	}
	job := &jobv1.Job{}
	if err := proto.Unmarshal(body, job); err != nil {
		return nil, 0, fmt.Errorf("decode job %s: %w", jobID, err)
	}
	return job, revision, nil
}

const selectTranscript = `
SELECT transcripts.body
FROM transcripts
JOIN transcription_history ON transcription_history.id = transcripts.job_id
WHERE transcription_history.id = ? AND transcription_history.user_id = ?`

// Transcript returns the result of a user's job.
func (s *Store) Transcript(ctx context.Context, userID, jobID string) (*jobv1.Transcript, error) {
	return scanTranscript(jobID, s.reader.QueryRowContext(ctx, selectTranscript, jobID, userID))
}

const selectTranscriptVersion = `
SELECT transcripts.body
FROM transcripts
JOIN transcription_history ON transcription_history.id = transcripts.job_id
WHERE transcripts.job_id = ?1 AND transcripts.version = ?2 AND transcription_history.user_id = ?3
UNION ALL
SELECT transcript_versions.body
FROM transcript_versions
JOIN transcription_history ON transcription_history.id = transcript_versions.job_id
WHERE transcript_versions.job_id = ?1 AND transcript_versions.version = ?2 AND transcription_history.user_id = ?3`

// TranscriptVersion returns a version of the result of a user's job.
func (s *Store) TranscriptVersion(ctx context.Context, userID, jobID string, version uint32) (*jobv1.Transcript, error) {
	return scanTranscript(jobID, s.reader.QueryRowContext(ctx, selectTranscriptVersion, jobID, version, userID))
}

// scanTranscript reads the body of a row. NotFound: there is none.
func scanTranscript(jobID string, row *sql.Row) (*jobv1.Transcript, error) {
	var body []byte
	err := row.Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "transcript_not_found", "There is no transcript of this task.")
	}
	if err != nil {
		return nil, classify("read transcript of "+jobID, err)
	}
	transcript := &jobv1.Transcript{}
	if err := proto.Unmarshal(body, transcript); err != nil {
		return nil, fmt.Errorf("decode transcript of %s: %w", jobID, err)
	}
	return transcript, nil
}
