package postgres

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// usageWrites is what users have used more, by user and day.
type usageWrites map[userDay]int64

type userDay struct {
	user string
	day  int64
}

func (u usageWrites) add(user string, more record.Usage) {
	if more.AudioMS != 0 {
		u[userDay{user, more.Day}] += more.AudioMS
	}
}

const addToUsage = `
INSERT INTO user_usage (user_id, day, audio_ms)
SELECT *
FROM unnest($1::text[], $2::bigint[], $3::bigint[])
ON CONFLICT (user_id, day) DO UPDATE SET
    audio_ms = user_usage.audio_ms + excluded.audio_ms`

// queue takes the rows in order of users and days, as all transactions do.
func (u usageWrites) queue(batch *pgx.Batch) {
	if len(u) == 0 {
		return
	}
	places := make([]userDay, 0, len(u))
	for place := range u {
		places = append(places, place)
	}
	slices.SortFunc(places, func(a, b userDay) int {
		return cmp.Or(cmp.Compare(a.user, b.user), cmp.Compare(a.day, b.day))
	})
	users, days, audio := make([]string, len(u)), make([]int64, len(u)), make([]int64, len(u))
	for i, place := range places {
		users[i], days[i], audio[i] = place.user, place.day, u[place]
	}
	batch.Queue(addToUsage, users, days, audio)
}

const selectUsage = `
SELECT audio_ms
FROM user_usage
WHERE user_id = $1 AND day = $2`

// Usage returns the audio of the jobs that a user made on a day, in milliseconds.
func (s *Store) Usage(ctx context.Context, userID string, day int64) (audioMS int64, err error) {
	err = s.call(ctx, "read usage", func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, selectUsage, text(userID), day).Scan(&audioMS)
	})
	return audioMS, err
}
