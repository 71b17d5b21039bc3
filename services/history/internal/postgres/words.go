package postgres

import (
	"context"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/stenomesh/stenomesh/services/history/internal/words"
)

// Transcripts are made searchable here only: by the recorder those that it has stored,
// by IndexMissing those that a version before has.
const (
	fillWords = `
INSERT INTO transcript_words (job_id, words)
SELECT job_id, words::tsvector
FROM unnest($1::text[], $2::text[]) AS fresh (job_id, words)
ON CONFLICT (job_id) DO NOTHING`

	// The end of a statement that stores transcripts: a text and its words change
	// together, or not at all when a newer version is there.
	replaceWords = `
INSERT INTO transcript_words (job_id, words)
SELECT stored.job_id, fresh.words::tsvector
FROM stored
JOIN unnest($1::text[], $6::text[]) AS fresh (job_id, words) ON fresh.job_id = stored.job_id
ON CONFLICT (job_id) DO UPDATE SET
    words = excluded.words`
)

// Limits of a tsvector. Words behind the last place can be searched, phrases cannot;
// what would make it too large is left out.
const (
	vectorBytes   = 1_000_000
	lastPlace     = 16_383 // words from the beginning
	placesForWord = 255
)

// vectorOf writes words as a tsvector. They are letters and digits.
func vectorOf(userID string, stems []string) string {
	scope := words.Scope(userID)
	places := make(map[string][]int, len(stems))
	var order []string
	room := vectorBytes
	for at, stem := range stems {
		of, known := places[stem]
		if cost := len(scope) + len(stem) + 5; !known && cost <= room {
			order, room = append(order, stem), room-cost
			places[stem], known = nil, true
		}
		if known && at < lastPlace && len(of) < placesForWord && room >= 2 {
			places[stem], room = append(of, at+1), room-2
		}
	}
	var b strings.Builder
	for _, stem := range order {
		b.WriteString(" '" + scope + stem + "'")
		for i, at := range places[stem] {
			b.WriteByte(":,"[min(i, 1)])
			b.WriteString(strconv.Itoa(at))
		}
	}
	return b.String()
}

const selectMatching = `
    SELECT job_id
    FROM transcript_words
    WHERE words @@ `

// matchOf writes terms as a tsquery.
func matchOf(userID string, terms []words.Term) string {
	scope := words.Scope(userID)
	all := make([]string, len(terms))
	for i, term := range terms {
		all[i] = "'" + scope + strings.Join(term.Stems, "' <-> '"+scope) + "'"
		if term.Begins != "" {
			all[i] = "('" + scope + term.Begins + "':* | " + all[i] + ")"
		} else if len(term.Stems) > 1 {
			all[i] = "(" + all[i] + ")"
		}
	}
	return strings.Join(all, " & ")
}

const selectTexts = `
SELECT
    transcripts.job_id,
    transcripts.text
FROM transcripts
JOIN transcription_history ON transcription_history.id = transcripts.job_id
WHERE transcripts.job_id = ANY($1) AND transcription_history.user_id = $2 AND octet_length(transcripts.text) <= $3`

// Texts returns the texts of transcripts that are not longer than this.
func (s *Store) Texts(ctx context.Context, userID string, jobIDs []string, longest int) (texts map[string]string, err error) {
	err = s.call(ctx, "read texts", func(ctx context.Context) error {
		rows, err := s.pool.Query(ctx, selectTexts, jobIDs, userID, longest)
		if err != nil {
			return err
		}
		texts = map[string]string{}
		var id, text string
		_, err = pgx.ForEachRow(rows, []any{&id, &text}, func() error {
			texts[id] = text
			return nil
		})
		return err
	})
	return texts, err
}
