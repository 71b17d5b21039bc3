package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

const selectUncounted = `
SELECT user_id
FROM user_counters
WHERE counted < 2 AND counted < $1 AND user_id > $2
ORDER BY user_id
LIMIT 1`

const updateCounted = `
UPDATE user_counters SET
    counted = $2
WHERE user_id = $1`

// CountMissing counts the jobs of the first user behind another who has not been
// counted at this level. That others count the same user does no harm.
func (s *Store) CountMissing(ctx context.Context, level int, after string) (userID string, err error) {
	err = s.call(ctx, "look for uncounted users", func(ctx context.Context) error {
		err := s.pool.QueryRow(ctx, selectUncounted, level, after).Scan(&userID)
		if errors.Is(err, pgx.ErrNoRows) {
			userID, err = "", nil
		}
		return err
	})
	if err != nil || userID == "" {
		return "", err
	}
	return userID, s.write(ctx, "count jobs of "+userID, func(ctx context.Context, tx pgx.Tx) error {
		if err := recount(ctx, tx, userID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, updateCounted, userID, level)
		return err
	})
}

// lockCounter keeps recorders from counting jobs of the user. What they have stored
// and not committed they count afterwards, and what they have counted is there to be
// read.
const lockCounter = `
SELECT jobs
FROM user_counters
WHERE user_id = $1
FOR NO KEY UPDATE`

const (
	selectStates = `
SELECT
    kind,
    name,
    jobs,
    audio_ms,
    work_ms,
    worked_ms
FROM user_statistics
WHERE user_id = $1 AND kind = 'state'`

	deleteTallies = `
DELETE FROM user_statistics
WHERE user_id = $1`
)

// recount makes the tallies of a user what the rows say.
func recount(ctx context.Context, tx pgx.Tx, userID string) error {
	counts := record.NewCounts()
	if _, err := tx.Exec(ctx, lockCounter, userID); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, selectStates, userID)
	if err == nil {
		err = eachTally(rows, func(_ string, t record.Tally) { counts.AddSystem(userID, t, -1) })
	}
	if err == nil {
		_, err = tx.Exec(ctx, deleteTallies, userID)
	}
	if err == nil {
		err = countRows(ctx, tx, userID, counts)
	}
	if err != nil {
		return err
	}
	var batch pgx.Batch
	queueCounts(&batch, counts)
	if batch.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, &batch).Close()
}

// Days go from midnight on, before 1970 as well. What makes no sense is bounded as in
// package record.
const selectAlike = `
SELECT
    status,
    language,
    model,
    day,
    COUNT(*),
    SUM(audio)::bigint,
    COALESCE(SUM(work), 0)::bigint,
    COALESCE(SUM(audio) FILTER (WHERE work IS NOT NULL), 0)::bigint
FROM (
    SELECT
        status,
        language,
        model,
        floor(extract(epoch FROM created_at) / 86400)::bigint AS day,
        LEAST(GREATEST(duration_ms, 0), $2::bigint) AS audio,
        CASE WHEN status = 'completed' AND duration_ms > 0 AND finished_at >= started_at
            THEN LEAST(floor(extract(epoch FROM finished_at - started_at) * 1000), $2::bigint) END AS work
    FROM transcription_history
    WHERE user_id = $1 AND status <> 'deleted') AS job
GROUP BY status, language, model, day`

// countRows adds what the rows of a user come to.
func countRows(ctx context.Context, tx pgx.Tx, userID string, counts *record.Counts) error {
	rows, err := tx.Query(ctx, selectAlike, userID, int64(record.LongestMS))
	if err != nil {
		return err
	}
	var a record.Alike
	_, err = pgx.ForEachRow(rows, []any{&a.Status, &a.Language, &a.Model, &a.Day, &a.Jobs, &a.AudioMS, &a.WorkMS, &a.WorkedMS}, func() error {
		counts.AddAlike(userID, a, 1)
		return nil
	})
	return err
}
