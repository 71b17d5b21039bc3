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
INSERT INTO transcripts (job_id, attempt, version, text, body)
SELECT *
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::bytea[])`

	overwriteTranscripts = insertTranscripts + `
ON CONFLICT (job_id) DO UPDATE SET
    attempt = excluded.attempt,
    version = excluded.version,
    text = excluded.text,
    body = excluded.body`

	replaceTranscripts = `
WITH stored AS (` + overwriteTranscripts + `
    RETURNING job_id)` + replaceWords

	fillTranscripts = `
WITH stored AS (` + overwriteTranscripts + `
    WHERE (transcripts.attempt, transcripts.version) < (excluded.attempt, excluded.version)
    RETURNING job_id)` + replaceWords

	deleteVersions = `
DELETE FROM transcript_versions
WHERE job_id = ANY($1)`

	// Each transcript is found by its key, whatever the planner thinks of arrays.
	keepVersion = `
INSERT INTO transcript_versions (job_id, version, body)
SELECT
    job_id,
    version,
    body
FROM transcripts
WHERE job_id = $1 AND attempt = $2 AND version < $3
ON CONFLICT (job_id, version) DO NOTHING`
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
	versions []int64
	texts    []string
	bodies   [][]byte
	words    []string // as tsvector
}

// add notes the outcome of one job.
func (w *transcriptWrites) add(job record.Events, o record.Outcome) error {
	switch o.Fate {
	case record.Removed:
		w.removed = append(w.removed, job.JobID)
	case record.Filled:
		return w.filled.add(job, o)
	case record.Replaced:
		return w.replaced.add(job, o)
	}
	return nil
}

func (c *transcriptColumns) add(job record.Events, o record.Outcome) error {
	body, err := proto.Marshal(o.Transcript)
	if err != nil {
		return fmt.Errorf("encode transcript of %s: %w", job.JobID, err)
	}
	c.ids = append(c.ids, job.JobID)
	c.attempts = append(c.attempts, int64(o.Attempt))
	c.versions = append(c.versions, int64(o.Version))
	c.texts = append(c.texts, text(record.Text(o.Transcript)))
	c.bodies = append(c.bodies, body)
	c.words = append(c.words, vectorOf(job.UserID, o.Words))
	return nil
}

// queue writes all of them.
func (w *transcriptWrites) queue(batch *pgx.Batch) {
	if len(w.removed) > 0 {
		batch.Queue(deleteTranscripts, w.removed) // with their words
		batch.Queue(deleteVersions, w.removed)
	}
	for query, c := range map[string]transcriptColumns{fillTranscripts: w.filled, replaceTranscripts: w.replaced} {
		if len(c.ids) > 0 {
			c.queueKept(batch)
			batch.Queue(query, c.ids, c.attempts, c.versions, c.texts, c.bodies, c.words)
		}
	}
}

// queueKept keeps the versions that edits follow upon.
func (c *transcriptColumns) queueKept(batch *pgx.Batch) {
	for i, version := range c.versions {
		if version > 1 {
			batch.Queue(keepVersion, c.ids[i], c.attempts[i], version)
		}
	}
}
