package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/stenomesh/stenomesh/services/history/internal/words"
)

const (
	stretch = 500 // transcripts that are looked at in one step
	atOnce  = 50  // that are indexed in one transaction
)

const (
	selectStretch = `
SELECT job_id
FROM transcripts
WHERE job_id > $1
ORDER BY job_id
LIMIT $2`

	selectIndexed = `
SELECT job_id
FROM transcript_words
WHERE job_id > $1 AND job_id <= $2`
)

// IndexMissing looks at some transcripts behind a job and makes those searchable that
// are not yet. Others may do the same meanwhile.
func (s *Store) IndexMissing(ctx context.Context, after string) (last string, err error) {
	last, missing, err := s.readStretch(ctx, after)
	for ids := range slices.Chunk(missing, atOnce) {
		if err == nil {
			err = s.write(ctx, "index transcripts", func(ctx context.Context, tx pgx.Tx) error {
				return indexTexts(ctx, tx, ids)
			})
		}
	}
	if err != nil {
		return "", err
	}
	return last, nil
}

func (s *Store) readStretch(ctx context.Context, after string) (last string, missing []string, err error) {
	err = s.call(ctx, "look for unindexed transcripts", func(ctx context.Context) error {
		ids, err := s.ids(ctx, selectStretch, after, stretch)
		if err != nil || len(ids) == 0 {
			return err
		}
		last = ids[len(ids)-1]
		indexed, err := s.ids(ctx, selectIndexed, after, last)
		known := make(map[string]bool, len(indexed))
		for _, id := range indexed {
			known[id] = true
		}
		missing = slices.DeleteFunc(ids, func(id string) bool { return known[id] })
		return err
	})
	return last, missing, err
}

func (s *Store) ids(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := s.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// lockTexts keeps transcripts as they are until they are indexed.
const lockTexts = `
SELECT
    transcripts.job_id,
    transcription_history.user_id,
    transcripts.text
FROM transcripts
JOIN transcription_history ON transcription_history.id = transcripts.job_id
WHERE transcripts.job_id = ANY($1)
ORDER BY transcripts.job_id
FOR SHARE OF transcripts`

func indexTexts(ctx context.Context, tx pgx.Tx, ids []string) error {
	rows, err := tx.Query(ctx, lockTexts, ids)
	if err != nil {
		return err
	}
	var found, vectors []string
	var id, userID, text string
	_, err = pgx.ForEachRow(rows, []any{&id, &userID, &text}, func() error {
		found, vectors = append(found, id), append(vectors, vectorOf(userID, words.Of(text)))
		return nil
	})
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, fillWords, found, vectors)
	return err
}
