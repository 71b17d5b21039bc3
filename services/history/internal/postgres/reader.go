package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

const selectJob = `
SELECT
    record,
    revision
FROM transcription_history
WHERE id = $1 AND user_id = $2 AND status <> 'deleted'`

// Job returns a job of a user.
func (s *Store) Job(ctx context.Context, userID, jobID string) (*jobv1.Job, uint64, error) {
	return s.readJob(ctx, jobID, selectJob, jobID, userID)
}

// readJob reads the record and the revision of a row. NotFound: there is none.
func (s *Store) readJob(ctx context.Context, jobID, query string, keys ...string) (*jobv1.Job, uint64, error) {
	var body []byte
	var revision uint64
	found, err := s.readRow(ctx, "read job "+jobID, []any{&body, &revision}, query, keys...)
	if err != nil {
		return nil, 0, err
	}
	if !found {
		return nil, 0, fault.New(fault.NotFound, "task_not_found", "There is no such task.")
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
WHERE transcription_history.id = $1 AND transcription_history.user_id = $2`

// Transcript returns the result of a user's job.
func (s *Store) Transcript(ctx context.Context, userID, jobID string) (*jobv1.Transcript, error) {
	return s.readTranscript(ctx, jobID, selectTranscript, jobID, userID)
}

// The number is text, as all keys are.
const selectTranscriptVersion = `
SELECT transcripts.body
FROM transcripts
JOIN transcription_history ON transcription_history.id = transcripts.job_id
WHERE transcripts.job_id = $1 AND transcription_history.user_id = $2 AND transcripts.version = $3::text::bigint
UNION ALL
SELECT transcript_versions.body
FROM transcript_versions
JOIN transcription_history ON transcription_history.id = transcript_versions.job_id
WHERE transcript_versions.job_id = $1 AND transcription_history.user_id = $2 AND transcript_versions.version = $3::text::bigint`

// TranscriptVersion returns a version of the result of a user's job.
func (s *Store) TranscriptVersion(ctx context.Context, userID, jobID string, version uint32) (*jobv1.Transcript, error) {
	return s.readTranscript(ctx, jobID, selectTranscriptVersion, jobID, userID, strconv.FormatUint(uint64(version), 10))
}

// readTranscript reads the body of a row by keys. NotFound: there is none.
func (s *Store) readTranscript(ctx context.Context, jobID, query string, keys ...string) (*jobv1.Transcript, error) {
	var body []byte
	found, err := s.readRow(ctx, "read transcript of "+jobID, []any{&body}, query, keys...)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fault.New(fault.NotFound, "transcript_not_found", "There is no transcript of this task.")
	}
	transcript := &jobv1.Transcript{}
	if err := proto.Unmarshal(body, transcript); err != nil {
		return nil, fmt.Errorf("decode transcript of %s: %w", jobID, err)
	}
	return transcript, nil
}

// readRow reads one row by keys into places, and reports whether there is one. A
// key that PostgreSQL cannot keep is no row's.
func (s *Store) readRow(ctx context.Context, doing string, places []any, query string, keys ...string) (found bool, err error) {
	args := make([]any, len(keys))
	for i, key := range keys {
		if strings.ContainsRune(key, 0) {
			return false, nil
		}
		args[i] = key
	}
	err = s.call(ctx, doing, func(ctx context.Context) error {
		err := s.pool.QueryRow(ctx, query, args...).Scan(places...)
		found = !errors.Is(err, pgx.ErrNoRows)
		return err
	})
	return found && err == nil, err
}
