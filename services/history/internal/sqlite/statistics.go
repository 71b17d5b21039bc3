package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

const addToUserTally = `
INSERT INTO user_statistics (user_id, kind, name, jobs, audio_ms, work_ms, worked_ms)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (user_id, kind, name) DO UPDATE SET
    jobs = user_statistics.jobs + excluded.jobs,
    audio_ms = user_statistics.audio_ms + excluded.audio_ms,
    work_ms = user_statistics.work_ms + excluded.work_ms,
    worked_ms = user_statistics.worked_ms + excluded.worked_ms`

const addToSystemTally = `
INSERT INTO system_statistics (shard, state, jobs, audio_ms, work_ms, worked_ms)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (shard, state) DO UPDATE SET
    jobs = system_statistics.jobs + excluded.jobs,
    audio_ms = system_statistics.audio_ms + excluded.audio_ms,
    work_ms = system_statistics.work_ms + excluded.work_ms,
    worked_ms = system_statistics.worked_ms + excluded.worked_ms`

// addCounts changes the tallies.
func addCounts(ctx context.Context, tx *sql.Tx, counts *record.Counts) (err error) {
	exec := func(query string, args ...any) {
		if err == nil {
			_, err = tx.ExecContext(ctx, query, args...)
		}
	}
	counts.Users(func(t record.UserTally, s record.Sums) {
		exec(addToUserTally, t.UserID, t.Kind, t.Name, s.Jobs, s.AudioMS, s.WorkMS, s.WorkedMS)
	})
	counts.System(func(t record.SystemTally, s record.Sums) {
		exec(addToSystemTally, t.Shard, t.State, s.Jobs, s.AudioMS, s.WorkMS, s.WorkedMS)
	})
	if err != nil {
		return fmt.Errorf("add to statistics: %w", err)
	}
	return nil
}

const selectUserTallies = `
SELECT kind, name, jobs, audio_ms, work_ms, worked_ms
FROM user_statistics
WHERE user_id = ? AND (kind <> 'day' OR CAST(name AS INTEGER) >= ?) AND jobs <> 0
ORDER BY kind, name`

// UserStatistics returns the tallies of a user.
func (s *Store) UserStatistics(ctx context.Context, userID string, fromDay int64) (record.UserStatistics, error) {
	all := record.UserStatistics{}
	err := readTallies(ctx, s.reader, selectUserTallies, []any{userID, fromDay}, func(kind string, t record.Tally) {
		all[kind] = append(all[kind], t)
	})
	return all, classify("read statistics of "+userID, err)
}

const selectSystemTallies = `
SELECT 'state', state, SUM(jobs), SUM(audio_ms), SUM(work_ms), SUM(worked_ms)
FROM system_statistics
GROUP BY state
ORDER BY state`

// SystemStatistics returns the tallies of all users by state.
func (s *Store) SystemStatistics(ctx context.Context) (all []record.Tally, err error) {
	err = readTallies(ctx, s.reader, selectSystemTallies, nil, func(_ string, t record.Tally) {
		all = append(all, t)
	})
	return all, classify("read statistics", err)
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func readTallies(ctx context.Context, from querier, query string, args []any, each func(kind string, t record.Tally)) error {
	rows, err := from.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var kind string
		var t record.Tally
		if err := rows.Scan(&kind, &t.Name, &t.Jobs, &t.AudioMS, &t.WorkMS, &t.WorkedMS); err != nil {
			return err
		}
		each(kind, t)
	}
	return rows.Err()
}
