package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

const selectUncounted = `
SELECT user_id
FROM user_counters
WHERE counted < ? AND user_id > ?
ORDER BY user_id
LIMIT 1`

const updateCounted = `
UPDATE user_counters SET
    counted = ?
WHERE user_id = ?`

// CountMissing counts the jobs of the first user behind another who has not been
// counted at this level.
func (s *Store) CountMissing(ctx context.Context, level int, after string) (userID string, err error) {
	err = s.reader.QueryRowContext(ctx, selectUncounted, level, after).Scan(&userID)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err == nil {
		err = s.inTx(ctx, func(tx *sql.Tx) error {
			if err := recount(ctx, tx, userID); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, updateCounted, level, userID)
			return err
		})
	}
	return userID, classify("count jobs of "+userID, err)
}

const (
	selectStates = `
SELECT kind, name, jobs, audio_ms, work_ms, worked_ms
FROM user_statistics
WHERE user_id = ? AND kind = 'state'`

	deleteTallies = `
DELETE FROM user_statistics
WHERE user_id = ?`
)

// recount makes the tallies of a user what the rows say.
func recount(ctx context.Context, tx *sql.Tx, userID string) error {
	counts := record.NewCounts()
	err := readTallies(ctx, tx, selectStates, []any{userID}, func(_ string, t record.Tally) {
		counts.AddSystem(userID, t, -1)
	})
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, deleteTallies, userID); err != nil {
		return err
	}
	if err := countRows(ctx, tx, userID, counts); err != nil {
		return err
	}
	return addCounts(ctx, tx, counts)
}

// Days go from midnight on, before 1970 as well. What makes no sense is bounded as
// in package record.
const selectAlike = `
SELECT status, language, model, day, COUNT(*), SUM(audio), SUM(work), SUM(CASE WHEN work IS NULL THEN 0 ELSE audio END)
FROM (
    SELECT
        status,
        language,
        model,
        MIN(MAX((created_at - (created_at % 86400000000 + 86400000000) % 86400000000) / 86400000000, -719162), 2932896) AS day,
        MIN(MAX(duration_ms, 0), ?1) AS audio,
        CASE WHEN status = 'completed' AND duration_ms > 0 AND started_at <> 0 AND finished_at >= started_at
            THEN MIN((finished_at - started_at) / 1000, ?1) END AS work
    FROM transcription_history
    WHERE user_id = ?2 AND status <> 'deleted')
GROUP BY status, language, model, day`

// countRows adds what the rows of a user come to.
func countRows(ctx context.Context, tx *sql.Tx, userID string, counts *record.Counts) error {
	rows, err := tx.QueryContext(ctx, selectAlike, record.LongestMS, userID)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var a record.Alike
		var work sql.NullInt64
		if err := rows.Scan(&a.Status, &a.Language, &a.Model, &a.Day, &a.Jobs, &a.AudioMS, &work, &a.WorkedMS); err != nil {
			return err
		}
		a.WorkMS = work.Int64
		counts.AddAlike(userID, a, 1)
	}
	return rows.Err()
}
