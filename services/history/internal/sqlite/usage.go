package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

const addToUsage = `
INSERT INTO user_usage (user_id, day, audio_ms)
VALUES (?, ?, ?)
ON CONFLICT (user_id, day) DO UPDATE SET
    audio_ms = user_usage.audio_ms + excluded.audio_ms`

func addUsage(ctx context.Context, tx *sql.Tx, userID string, more record.Usage) error {
	if more.AudioMS == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, addToUsage, userID, more.Day, more.AudioMS); err != nil {
		return fmt.Errorf("count usage of %s: %w", userID, err)
	}
	return nil
}

const selectUsage = `
SELECT audio_ms
FROM user_usage
WHERE user_id = ? AND day = ?`

// Usage returns the audio of the jobs that a user made on a day, in milliseconds.
func (s *Store) Usage(ctx context.Context, userID string, day int64) (audioMS int64, err error) {
	err = s.reader.QueryRowContext(ctx, selectUsage, userID, day).Scan(&audioMS)
	return audioMS, classify("read usage", err)
}
