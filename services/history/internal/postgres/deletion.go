package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// lockOfUser takes rows in the order that all transactions take them.
const lockOfUser = `
SELECT id
FROM transcription_history
WHERE user_id = $1
ORDER BY id
FOR NO KEY UPDATE`

const updateToTombstones = `
UPDATE transcription_history SET
    status = 'deleted',
    model = '',
    language = '',
    file_name = '',
    file_id = '',
    duration_ms = 0,
    started_at = NULL,
    finished_at = NULL,
    error_code = '',
    revision = revision + 1,
    record = ''
WHERE user_id = $1 AND status <> 'deleted'`

// What was recorded since the statement before is not of its tombstones.
const deleteOfTombstones = `
DELETE FROM transcripts
USING transcription_history
WHERE transcription_history.id = transcripts.job_id
    AND transcription_history.user_id = $1
    AND transcription_history.status = 'deleted'`

const deleteVersionsOfTombstones = `
DELETE FROM transcript_versions
USING transcription_history
WHERE transcription_history.id = transcript_versions.job_id
    AND transcription_history.user_id = $1
    AND transcription_history.status = 'deleted'`

const subtractFromCounter = `
UPDATE user_counters SET
    jobs = jobs - $2
WHERE user_id = $1`

const deleteUsage = `
DELETE FROM user_usage
WHERE user_id = $1`

// The account's keys go with it.
const deleteUser = `
WITH gone AS (
    DELETE FROM users
    WHERE id = $1
    RETURNING 1)
UPDATE counters SET
    value = value - 1
FROM gone
WHERE counters.name = 'users'`

const selectJobsOfUser = `
SELECT id
FROM transcription_history
WHERE user_id = $1
ORDER BY id`

// DeleteUser removes an account and makes its jobs tombstones.
func (s *Store) DeleteUser(ctx context.Context, userID string) (jobIDs []string, err error) {
	err = s.write(ctx, "delete user "+userID, func(ctx context.Context, tx pgx.Tx) error {
		if err := buryJobs(ctx, tx, userID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, deleteUsage, userID); err != nil {
			return fmt.Errorf("delete usage: %w", err)
		}
		if err := recount(ctx, tx, userID); err != nil {
			return fmt.Errorf("count jobs: %w", err)
		}
		if _, err := tx.Exec(ctx, deleteUser, userID); err != nil {
			return fmt.Errorf("delete account: %w", err)
		}
		rows, err := tx.Query(ctx, selectJobsOfUser, userID)
		if err != nil {
			return err
		}
		jobIDs, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return jobIDs, err
}

func buryJobs(ctx context.Context, tx pgx.Tx, userID string) error {
	if _, err := tx.Exec(ctx, lockOfUser, userID); err != nil {
		return fmt.Errorf("lock jobs: %w", err)
	}
	buried, err := tx.Exec(ctx, updateToTombstones, userID)
	if err != nil {
		return fmt.Errorf("delete jobs: %w", err)
	}
	if _, err := tx.Exec(ctx, deleteOfTombstones, userID); err != nil {
		return fmt.Errorf("delete transcripts: %w", err)
	}
	if _, err := tx.Exec(ctx, deleteDeliveriesOfUser, userID); err != nil {
		return fmt.Errorf("delete deliveries: %w", err)
	}
	if _, err := tx.Exec(ctx, deleteVersionsOfTombstones, userID); err != nil {
		return fmt.Errorf("delete versions of transcripts: %w", err)
	}
	if _, err := tx.Exec(ctx, subtractFromCounter, userID, buried.RowsAffected()); err != nil {
		return fmt.Errorf("count jobs: %w", err)
	}
	return nil
}
