package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

const addToUserTallies = `
INSERT INTO user_statistics (user_id, kind, name, jobs, audio_ms, work_ms, worked_ms)
SELECT *
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
ON CONFLICT (user_id, kind, name) DO UPDATE SET
    jobs = user_statistics.jobs + excluded.jobs,
    audio_ms = user_statistics.audio_ms + excluded.audio_ms,
    work_ms = user_statistics.work_ms + excluded.work_ms,
    worked_ms = user_statistics.worked_ms + excluded.worked_ms`

const addToSystemTallies = `
INSERT INTO system_statistics (shard, state, jobs, audio_ms, work_ms, worked_ms)
SELECT *
FROM unnest($1::integer[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
ON CONFLICT (shard, state) DO UPDATE SET
    jobs = system_statistics.jobs + excluded.jobs,
    audio_ms = system_statistics.audio_ms + excluded.audio_ms,
    work_ms = system_statistics.work_ms + excluded.work_ms,
    worked_ms = system_statistics.worked_ms + excluded.worked_ms`

// queueCounts changes the tallies: those of users, whose counters are locked, then
// those of the system, in the order of their keys.
func queueCounts(batch *pgx.Batch, counts *record.Counts) {
	var users, kinds, names, states []string
	var shards []int32
	var ofUsers, ofSystem sums
	counts.Users(func(t record.UserTally, s record.Sums) {
		users, kinds, names = append(users, t.UserID), append(kinds, t.Kind), append(names, t.Name)
		ofUsers.add(s)
	})
	counts.System(func(t record.SystemTally, s record.Sums) {
		shards, states = append(shards, int32(t.Shard)), append(states, t.State)
		ofSystem.add(s)
	})
	if len(users) > 0 {
		batch.Queue(addToUserTallies, users, kinds, names, ofUsers.jobs, ofUsers.audio, ofUsers.work, ofUsers.worked)
	}
	if len(states) > 0 {
		batch.Queue(addToSystemTallies, shards, states, ofSystem.jobs, ofSystem.audio, ofSystem.work, ofSystem.worked)
	}
}

// sums are those of record as arrays.
type sums struct{ jobs, audio, work, worked []int64 }

func (a *sums) add(s record.Sums) {
	a.jobs, a.audio = append(a.jobs, s.Jobs), append(a.audio, s.AudioMS)
	a.work, a.worked = append(a.work, s.WorkMS), append(a.worked, s.WorkedMS)
}

const selectUserTallies = `
SELECT
    kind,
    name,
    jobs,
    audio_ms,
    work_ms,
    worked_ms
FROM user_statistics
WHERE user_id = $1 AND (kind <> 'day' OR name::bigint >= $2) AND jobs <> 0
ORDER BY kind, name`

// UserStatistics returns the tallies of a user.
func (s *Store) UserStatistics(ctx context.Context, userID string, fromDay int64) (all record.UserStatistics, err error) {
	err = s.call(ctx, "read statistics of "+userID, func(ctx context.Context) error {
		all = record.UserStatistics{}
		rows, err := s.pool.Query(ctx, selectUserTallies, text(userID), fromDay)
		if err != nil {
			return err
		}
		return eachTally(rows, func(kind string, t record.Tally) { all[kind] = append(all[kind], t) })
	})
	return all, err
}

const selectSystemTallies = `
SELECT
    'state',
    state,
    SUM(jobs)::bigint,
    SUM(audio_ms)::bigint,
    SUM(work_ms)::bigint,
    SUM(worked_ms)::bigint
FROM system_statistics
GROUP BY state
ORDER BY state`

// SystemStatistics returns the tallies of all users by state.
func (s *Store) SystemStatistics(ctx context.Context) (all []record.Tally, err error) {
	err = s.call(ctx, "read statistics", func(ctx context.Context) error {
		all = nil
		rows, err := s.pool.Query(ctx, selectSystemTallies)
		if err != nil {
			return err
		}
		return eachTally(rows, func(_ string, t record.Tally) { all = append(all, t) })
	})
	return all, err
}

func eachTally(rows pgx.Rows, each func(kind string, t record.Tally)) error {
	var kind string
	var t record.Tally
	_, err := pgx.ForEachRow(rows, []any{&kind, &t.Name, &t.Jobs, &t.AudioMS, &t.WorkMS, &t.WorkedMS}, func() error {
		each(kind, t)
		return nil
	})
	return err
}
