package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// buryUser makes tombstones of a user's jobs and removes what belongs to them.
// Each statement takes the id of the user.
var buryUser = []struct{ doing, statement string }{
	{"delete versions of transcripts", `
DELETE FROM transcript_versions
WHERE job_id IN (
    SELECT id
    FROM transcription_history
    WHERE user_id = ?)`},
	{"delete transcripts", `
DELETE FROM transcripts
WHERE job_id IN (
    SELECT id
    FROM transcription_history
    WHERE user_id = ?)`},
	{"delete deliveries", `
DELETE FROM webhook_deliveries
WHERE user_id = ?`},
	{"delete jobs", `
UPDATE transcription_history SET
    status = 'deleted',
    model = '',
    language = '',
    file_name = '',
    file_id = '',
    duration_ms = 0,
    started_at = 0,
    finished_at = 0,
    error_code = '',
    revision = revision + 1,
    record = x''
WHERE user_id = ? AND status <> 'deleted'`},
	{"delete counter", `
DELETE FROM user_counters
WHERE user_id = ?`},
	{"delete usage", `
DELETE FROM user_usage
WHERE user_id = ?`},
	{"delete account and keys", `
DELETE FROM users
WHERE id = ?`},
}

// DeleteUser removes an account and makes its jobs tombstones.
func (s *Store) DeleteUser(ctx context.Context, userID string) (jobIDs []string, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		for _, step := range buryUser {
			if _, err := tx.ExecContext(ctx, step.statement, userID); err != nil {
				return fmt.Errorf("%s: %w", step.doing, err)
			}
		}
		if err := recount(ctx, tx, userID); err != nil {
			return fmt.Errorf("count jobs: %w", err)
		}
		jobIDs, err = jobsOfUser(ctx, tx, userID)
		return err
	})
	return jobIDs, classify("delete user "+userID, err)
}

const selectJobsOfUser = `
SELECT id
FROM transcription_history
WHERE user_id = ?
ORDER BY id`

func jobsOfUser(ctx context.Context, tx *sql.Tx, userID string) ([]string, error) {
	rows, err := tx.QueryContext(ctx, selectJobsOfUser, userID)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
