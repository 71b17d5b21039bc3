package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// Record stores changes in one transaction.
func (s *Store) Record(ctx context.Context, changes []record.Change) error {
	return classify("record jobs", s.inTx(ctx, func(tx *sql.Tx) error {
		counts := map[string]int64{}
		for _, change := range changes {
			if err := recordOne(ctx, tx, change, counts); err != nil {
				return err
			}
		}
		return addCounts(ctx, tx, counts)
	}))
}

// stored is what the row of a job is before a change.
type stored struct {
	exists   bool
	attempt  uint32
	status   string
	revision uint64
}

// completed is the status of a job that has a transcript.
const completed = "completed"

func (s stored) live() bool { return s.exists && s.status != record.Deleted }

// recordOne stores one change and notes in counts how many live jobs its owner
// has more or less.
func recordOne(ctx context.Context, tx *sql.Tx, change record.Change, counts map[string]int64) error {
	row, err := record.RowOf(change)
	if err != nil {
		return err
	}
	before, err := storedRow(ctx, tx, row.ID)
	if err != nil {
		return fmt.Errorf("read job %s: %w", row.ID, err)
	}
	// A deletion is final however old it looks: after a new start with an empty
	// bus revisions begin at 1 again.
	row.Revision = max(row.Revision, deletionFloor(row, before))
	changed, err := upsertJob(ctx, tx, row)
	if err != nil {
		return err
	}
	if !changed {
		return fillTranscript(ctx, tx, row, before, change)
	}
	if row.Status != record.Deleted && !before.live() {
		counts[row.UserID]++
	}
	if row.Status == record.Deleted && before.live() {
		counts[row.UserID]--
	}
	return recordTranscript(ctx, tx, row, before, change)
}

func deletionFloor(row record.Row, before stored) uint64 {
	if row.Status == record.Deleted && before.live() {
		return before.revision + 1
	}
	return 0
}

const selectStored = `
SELECT attempt, status, revision
FROM transcription_history
WHERE id = ?`

func storedRow(ctx context.Context, tx *sql.Tx, id string) (stored, error) {
	row := stored{exists: true}
	err := tx.QueryRowContext(ctx, selectStored, id).Scan(&row.attempt, &row.status, &row.revision)
	if errors.Is(err, sql.ErrNoRows) {
		return stored{}, nil
	}
	return row, err
}

const upsertRow = `
INSERT INTO transcription_history (id, user_id, attempt, status, priority, model, language, file_name, file_id,
    duration_ms, created_at, started_at, finished_at, error_code, revision, record)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
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
    record = excluded.record
WHERE excluded.revision > transcription_history.revision
    AND transcription_history.status <> 'deleted'`

// upsertJob reports whether the row changed: not if it is newer already, or a
// tombstone.
func upsertJob(ctx context.Context, tx *sql.Tx, r record.Row) (bool, error) {
	result, err := tx.ExecContext(ctx, upsertRow, r.ID, r.UserID, r.Attempt, r.Status, r.Priority, r.Model, r.Language,
		r.FileName, r.FileID, r.DurationMS, r.CreatedAt, r.StartedAt, r.FinishedAt, r.ErrorCode, int64(r.Revision), r.Record)
	if err != nil {
		return false, fmt.Errorf("store job %s: %w", r.ID, err)
	}
	changed, err := result.RowsAffected()
	return changed > 0, err
}

const (
	upsertTranscript = `
INSERT INTO transcripts (job_id, attempt, text, body)
VALUES (?, ?, ?, ?)
ON CONFLICT (job_id) DO UPDATE SET
    attempt = excluded.attempt,
    text = excluded.text,
    body = excluded.body`

	deleteTranscript = `
DELETE FROM transcripts
WHERE job_id = ?`
)

// recordTranscript stores the transcript that comes with a change, or removes
// the one of a deleted job or of an attempt that is over.
func recordTranscript(ctx context.Context, tx *sql.Tx, row record.Row, before stored, change record.Change) error {
	switch {
	case row.Status == record.Deleted, before.exists && before.attempt < row.Attempt && change.Transcript == nil:
		if _, err := tx.ExecContext(ctx, deleteTranscript, row.ID); err != nil {
			return fmt.Errorf("remove transcript of %s: %w", row.ID, err)
		}
	case change.Transcript != nil:
		return writeTranscript(ctx, tx, upsertTranscript, row, change.Transcript)
	}
	return nil
}

const insertTranscript = `
INSERT INTO transcripts (job_id, attempt, text, body)
VALUES (?, ?, ?, ?)
ON CONFLICT (job_id) DO NOTHING`

// fillTranscript stores the transcript that a row lacks although it is as new as
// the change: it could not be read when the row was made.
func fillTranscript(ctx context.Context, tx *sql.Tx, row record.Row, before stored, change record.Change) error {
	if change.Transcript == nil || before.status != completed || before.attempt != row.Attempt {
		return nil
	}
	return writeTranscript(ctx, tx, insertTranscript, row, change.Transcript)
}

func writeTranscript(ctx context.Context, tx *sql.Tx, query string, row record.Row, transcript *jobv1.Transcript) error {
	body, err := proto.Marshal(transcript)
	if err == nil {
		_, err = tx.ExecContext(ctx, query, row.ID, row.Attempt, record.Text(transcript), body)
	}
	if err != nil {
		return fmt.Errorf("store transcript of %s: %w", row.ID, err)
	}
	return nil
}

const addToCounter = `
INSERT INTO user_counters (user_id, jobs)
VALUES (?, ?)
ON CONFLICT (user_id) DO UPDATE SET
    jobs = user_counters.jobs + excluded.jobs`

func addCounts(ctx context.Context, tx *sql.Tx, counts map[string]int64) error {
	for userID, jobs := range counts {
		if jobs == 0 {
			continue
		}
		if _, err := tx.ExecContext(ctx, addToCounter, userID, jobs); err != nil {
			return fmt.Errorf("count jobs of %s: %w", userID, err)
		}
	}
	return nil
}
