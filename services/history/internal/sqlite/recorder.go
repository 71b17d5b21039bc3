package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// Record stores changes in one transaction.
func (s *Store) Record(ctx context.Context, changes []record.Change) error {
	jobs, err := record.Group(changes)
	if err != nil {
		return err
	}
	return classify("record jobs", s.inTx(ctx, func(tx *sql.Tx) error {
		live, counts := map[string]int64{}, record.NewCounts()
		for _, job := range jobs {
			outcome, err := recordJob(ctx, tx, job)
			if err != nil {
				return err
			}
			live[job.UserID] += outcome.Live
			counts.Add(job.UserID, outcome)
		}
		if err := addLive(ctx, tx, live); err != nil {
			return err
		}
		return addCounts(ctx, tx, counts)
	}))
}

// recordJob stores what the changes of one job come to. Nobody else writes meanwhile.
func recordJob(ctx context.Context, tx *sql.Tx, job record.Events) (record.Outcome, error) {
	before, err := storedRow(ctx, tx, job.JobID)
	if err != nil {
		return record.Outcome{}, fmt.Errorf("read job %s: %w", job.JobID, err)
	}
	outcome := record.Fold(before, job)
	if outcome.Row != nil {
		if err := upsertJob(ctx, tx, *outcome.Row); err != nil {
			return record.Outcome{}, fmt.Errorf("store job %s: %w", job.JobID, err)
		}
		if outcome.Row.Status == record.Deleted {
			if _, err := tx.ExecContext(ctx, deleteDeliveries, job.JobID); err != nil {
				return record.Outcome{}, fmt.Errorf("delete deliveries of %s: %w", job.JobID, err)
			}
		}
	}
	if err := addUsage(ctx, tx, job.UserID, outcome.Usage); err != nil {
		return record.Outcome{}, err
	}
	return outcome, recordTranscript(ctx, tx, job, outcome)
}

const selectStored = `
SELECT attempt, status, revision, charged_ms, model, language, duration_ms, created_at, started_at, finished_at
FROM transcription_history
WHERE id = ?`

func storedRow(ctx context.Context, tx *sql.Tx, id string) (record.Stored, error) {
	var row record.Stored
	err := tx.QueryRowContext(ctx, selectStored, id).Scan(&row.Attempt, &row.Status, &row.Revision, &row.ChargedMS,
		&row.Model, &row.Language, &row.DurationMS, &row.CreatedAt, &row.StartedAt, &row.FinishedAt)
	if errors.Is(err, sql.ErrNoRows) {
		return record.Stored{}, nil
	}
	return row, err
}

const upsertRow = `
INSERT INTO transcription_history (id, user_id, attempt, status, priority, model, language, file_name, file_id,
    duration_ms, created_at, started_at, finished_at, error_code, revision, record, charged_ms, transcript_version)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    attempt = excluded.attempt,
    status = excluded.status,
    priority = excluded.priority,
    model = excluded.model,
    language = excluded.language,
    file_name = excluded.file_name,
    file_id = excluded.file_id,
    duration_ms = excluded.duration_ms,
    created_at = excluded.created_at,
    started_at = excluded.started_at,
    finished_at = excluded.finished_at,
    error_code = excluded.error_code,
    revision = excluded.revision,
    record = excluded.record,
    charged_ms = excluded.charged_ms,
    transcript_version = excluded.transcript_version`

func upsertJob(ctx context.Context, tx *sql.Tx, r record.Row) error {
	_, err := tx.ExecContext(ctx, upsertRow, r.ID, r.UserID, r.Attempt, r.Status, r.Priority, r.Model, r.Language,
		r.FileName, r.FileID, r.DurationMS, r.CreatedAt, r.StartedAt, r.FinishedAt, r.ErrorCode, int64(r.Revision), r.Record,
		r.ChargedMS, r.TranscriptVersion)
	return err
}

const (
	insertTranscript = `
INSERT INTO transcripts (job_id, attempt, version, text, body)
VALUES (?, ?, ?, ?, ?)`

	replaceTranscript = insertTranscript + `
ON CONFLICT (job_id) DO UPDATE SET
    attempt = excluded.attempt,
    version = excluded.version,
    text = excluded.text,
    body = excluded.body`

	fillTranscript = replaceTranscript + `
WHERE (transcripts.attempt, transcripts.version) < (excluded.attempt, excluded.version)`

	deleteTranscript = `
DELETE FROM transcripts
WHERE job_id = ?`

	keepVersion = `
INSERT INTO transcript_versions (job_id, version, body)
SELECT job_id, version, body
FROM transcripts
WHERE job_id = ? AND attempt = ? AND version < ?
ON CONFLICT (job_id, version) DO NOTHING`

	deleteVersions = `
DELETE FROM transcript_versions
WHERE job_id = ?`
)

// recordTranscript does with the transcript of a job what its changes come to.
func recordTranscript(ctx context.Context, tx *sql.Tx, job record.Events, outcome record.Outcome) (err error) {
	switch outcome.Fate {
	case record.Removed:
		if _, err = tx.ExecContext(ctx, deleteTranscript, job.JobID); err == nil { // with its words
			_, err = tx.ExecContext(ctx, deleteVersions, job.JobID)
		}
	case record.Filled:
		err = writeTranscript(ctx, tx, fillTranscript, job, outcome)
	case record.Replaced:
		err = writeTranscript(ctx, tx, replaceTranscript, job, outcome)
	}
	if err != nil {
		return fmt.Errorf("store transcript of %s: %w", job.JobID, err)
	}
	return nil
}

// writeTranscript stores a transcript and makes it searchable, unless a newer version
// is there.
func writeTranscript(ctx context.Context, tx *sql.Tx, query string, job record.Events, outcome record.Outcome) error {
	body, err := proto.Marshal(outcome.Transcript)
	if err != nil {
		return err
	}
	if outcome.Version > 1 {
		if _, err := tx.ExecContext(ctx, keepVersion, job.JobID, outcome.Attempt, outcome.Version); err != nil {
			return err
		}
	}
	done, err := tx.ExecContext(ctx, query, job.JobID, outcome.Attempt, outcome.Version, record.Text(outcome.Transcript), body)
	if err != nil {
		return err
	}
	if stored, err := done.RowsAffected(); err != nil || stored == 0 {
		return err
	}
	if _, err := tx.ExecContext(ctx, deleteWords, job.JobID); err != nil {
		return err
	}
	return fillWords(ctx, tx, job.UserID, job.JobID, outcome.Words)
}

const addToCounter = `
INSERT INTO user_counters (user_id, jobs)
VALUES (?, ?)
ON CONFLICT (user_id) DO UPDATE SET
    jobs = user_counters.jobs + excluded.jobs`

func addLive(ctx context.Context, tx *sql.Tx, live map[string]int64) error {
	for userID, jobs := range live {
		if jobs == 0 {
			continue
		}
		if _, err := tx.ExecContext(ctx, addToCounter, userID, jobs); err != nil {
			return fmt.Errorf("count jobs of %s: %w", userID, err)
		}
	}
	return nil
}
