package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/stenomesh/stenomesh/services/history/internal/words"
)

const (
	deleteWords = `
DELETE FROM transcript_words
WHERE job_id = ?`

	insertWords = `
INSERT INTO transcript_words (job_id)
VALUES (?)
ON CONFLICT (job_id) DO NOTHING
RETURNING id`

	insertSearch = `
INSERT INTO transcript_search (rowid, words)
VALUES (?, ?)`
)

// fillWords makes the transcript of a job one that can be searched, unless it is. It
// is the only place that does; whoever changes a transcript deletes its words before.
func fillWords(ctx context.Context, tx *sql.Tx, userID, jobID string, stems []string) error {
	var id int64
	err := tx.QueryRowContext(ctx, insertWords, jobID).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	scope := words.Scope(userID)
	var text strings.Builder
	for _, stem := range stems {
		text.WriteString(scope + stem + " ")
	}
	_, err = tx.ExecContext(ctx, insertSearch, id, text.String())
	return err
}

const selectMatching = `
    SELECT transcript_words.job_id
    FROM transcript_search
    JOIN transcript_words ON transcript_words.id = transcript_search.rowid
    WHERE transcript_search MATCH ?`

// matchOf writes terms as FTS5 takes them. Stems are letters and digits.
func matchOf(userID string, terms []words.Term) string {
	scope := words.Scope(userID)
	all := make([]string, len(terms))
	for i, term := range terms {
		all[i] = `"` + scope + strings.Join(term.Stems, " "+scope) + `"`
		if term.Begins != "" {
			all[i] = `("` + scope + term.Begins + `"* OR ` + all[i] + `)`
		}
	}
	return strings.Join(all, " AND ")
}

const selectTexts = `
SELECT transcripts.job_id, transcripts.text
FROM json_each(?) AS wanted
CROSS JOIN transcripts ON transcripts.job_id = wanted.value
JOIN transcription_history ON transcription_history.id = transcripts.job_id
WHERE transcription_history.user_id = ? AND LENGTH(transcripts.text) <= ?`

// Texts returns the texts of transcripts that are not longer than this.
func (s *Store) Texts(ctx context.Context, userID string, jobIDs []string, longest int) (map[string]string, error) {
	wanted, err := encodeIDs(jobIDs)
	if err != nil {
		return nil, err
	}
	rows, err := s.reader.QueryContext(ctx, selectTexts, wanted, userID, longest)
	if err != nil {
		return nil, classify("read texts", err)
	}
	defer func() { _ = rows.Close() }()
	texts := map[string]string{}
	for rows.Next() {
		var id, text string
		if err := rows.Scan(&id, &text); err != nil {
			return nil, classify("read texts", err)
		}
		texts[id] = text
	}
	return texts, classify("read texts", rows.Err())
}
