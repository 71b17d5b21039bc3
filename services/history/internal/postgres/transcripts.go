package postgres

import (
	"fmt"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

const (
	deleteTranscripts = `
DELETE FROM transcripts
WHERE job_id = ANY($1)`

	insertTranscripts = `
INSERT INTO transcripts (job_id, attempt, text, body)
SELECT *
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bytea[])`

	fillTranscripts = insertTranscripts + `
ON CONFLICT (job_id) DO NOTHING`

	replaceTranscripts = insertTranscripts + `
ON CONFLICT (job_id) DO UPDATE SET
    attempt = excluded.attempt,
    text = excluded.text,
    body = excluded.body`
)

// transcriptWrites are what becomes of the transcripts of many jobs.
type transcriptWrites struct {
	removed          []string // ids of jobs
	filled, replaced transcriptColumns
}

// transcriptColumns are transcripts as arrays.
type transcriptColumns struct {
	ids      []string
	attempts []int64
	texts    []string
	bodies   [][]byte
}

// add notes the outcome of one job.
func (w *transcriptWrites) add(id string, o record.Outcome) error {
	switch o.Fate {
	case record.Removed:
		w.removed = append(w.removed, id)
	case record.Filled:
		return w.filled.add(id, o)
	case record.Replaced:
		return w.replaced.add(id, o)
	}
	return nil
}

func (c *transcriptColumns) add(id string, o record.Outcome) error {
	body, err := proto.Marshal(o.Transcript)
	if err != nil {
		return fmt.Errorf("encode transcript of %s: %w", id, err)
	}
	c.ids = append(c.ids, id)
	c.attempts = append(c.attempts, int64(o.Attempt))
	c.texts = append(c.texts, text(record.Text(o.Transcript)))
	c.bodies = append(c.bodies, body)
	return nil
}

// queue writes all of them.
func (w *transcriptWrites) queue(batch *pgx.Batch) {
	if len(w.removed) > 0 {
		batch.Queue(deleteTranscripts, w.removed)
	}
	for query, c := range map[string]transcriptColumns{fillTranscripts: w.filled, replaceTranscripts: w.replaced} {
		if len(c.ids) > 0 {
			batch.Queue(query, c.ids, c.attempts, c.texts, c.bodies)
		}
	}
}
