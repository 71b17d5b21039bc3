package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/stenomesh/stenomesh/services/history/internal/words"
)

// stretch is how many transcripts are looked at in one step.
const stretch = 500

const selectStretch = `
SELECT
    job_id,
    EXISTS (
        SELECT 1
        FROM transcript_words
        WHERE transcript_words.job_id = transcripts.job_id)
FROM transcripts
WHERE job_id > ?
ORDER BY job_id
LIMIT ?`

// IndexMissing looks at some transcripts behind a job and makes those searchable that
// are not yet.
func (s *Store) IndexMissing(ctx context.Context, after string) (last string, err error) {
	last, missing, err := s.readStretch(ctx, after)
	if err != nil {
		return "", classify("look for unindexed transcripts", err)
	}
	for _, id := range missing {
		err := s.inTx(ctx, func(tx *sql.Tx) error { return indexText(ctx, tx, id) })
		if err != nil {
			return "", classify("index transcript of "+id, err)
		}
	}
	return last, nil
}

func (s *Store) readStretch(ctx context.Context, after string) (last string, missing []string, err error) {
	rows, err := s.reader.QueryContext(ctx, selectStretch, after, stretch)
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var indexed bool
		if err := rows.Scan(&last, &indexed); err != nil {
			return "", nil, err
		}
		if !indexed {
			missing = append(missing, last)
		}
	}
	return last, missing, rows.Err()
}

const selectText = `
SELECT transcription_history.user_id, transcripts.text
FROM transcripts
JOIN transcription_history ON transcription_history.id = transcripts.job_id
WHERE transcripts.job_id = ?`

func indexText(ctx context.Context, tx *sql.Tx, jobID string) error {
	var userID, text string
	err := tx.QueryRowContext(ctx, selectText, jobID).Scan(&userID, &text)
	if errors.Is(err, sql.ErrNoRows) { // deleted since
		return nil
	}
	if err != nil {
		return fmt.Errorf("read text: %w", err)
	}
	return fillWords(ctx, tx, userID, jobID, words.Of(text))
}
