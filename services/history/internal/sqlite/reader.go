package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

const selectJob = `
SELECT record, revision
FROM transcription_history
WHERE id = ? AND user_id = ? AND status <> 'deleted'`

// Job returns a job of a user.
func (s *Store) Job(ctx context.Context, userID, jobID string) (*jobv1.Job, uint64, error) {
	return scanJob(jobID, s.reader.QueryRowContext(ctx, selectJob, jobID, userID))
}

// scanJob reads the record and the revision of a row. NotFound: there is none.
func scanJob(jobID string, row *sql.Row) (*jobv1.Job, uint64, error) {
	var body []byte
	var revision uint64
	err := row.Scan(&body, &revision)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, fault.New(fault.NotFound, "task_not_found", "There is no such task.")
	}
	if err != nil {
		return nil, 0, classify("read job "+jobID, err)
	}
	job := &jobv1.Job{}
	if err := proto.Unmarshal(body, job); err != nil {
		return nil, 0, fmt.Errorf("decode job %s: %w", jobID, err)
	}
	return job, revision, nil
}

const selectTranscript = `
SELECT transcripts.body
FROM transcripts
JOIN transcription_history ON transcription_history.id = transcripts.job_id
WHERE transcription_history.id = ? AND transcription_history.user_id = ?`

// Transcript returns the result of a user's job.
func (s *Store) Transcript(ctx context.Context, userID, jobID string) (*jobv1.Transcript, error) {
	return scanTranscript(jobID, s.reader.QueryRowContext(ctx, selectTranscript, jobID, userID))
}

const selectTranscriptVersion = `
SELECT transcripts.body
FROM transcripts
JOIN transcription_history ON transcription_history.id = transcripts.job_id
WHERE transcripts.job_id = ?1 AND transcripts.version = ?2 AND transcription_history.user_id = ?3
UNION ALL
SELECT transcript_versions.body
FROM transcript_versions
JOIN transcription_history ON transcription_history.id = transcript_versions.job_id
WHERE transcript_versions.job_id = ?1 AND transcript_versions.version = ?2 AND transcription_history.user_id = ?3`

// TranscriptVersion returns a version of the result of a user's job.
func (s *Store) TranscriptVersion(ctx context.Context, userID, jobID string, version uint32) (*jobv1.Transcript, error) {
	return scanTranscript(jobID, s.reader.QueryRowContext(ctx, selectTranscriptVersion, jobID, version, userID))
}

// scanTranscript reads the body of a row. NotFound: there is none.
func scanTranscript(jobID string, row *sql.Row) (*jobv1.Transcript, error) {
	var body []byte
	err := row.Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "transcript_not_found", "There is no transcript of this task.")
	}
	if err != nil {
		return nil, classify("read transcript of "+jobID, err)
	}
	transcript := &jobv1.Transcript{}
	if err := proto.Unmarshal(body, transcript); err != nil {
		return nil, fmt.Errorf("decode transcript of %s: %w", jobID, err)
	}
	return transcript, nil
}

// Page reads the jobs, the counter and what is known of Without in one
// transaction, so that all are of the same moment.
func (s *Store) Page(ctx context.Context, query record.Query) (record.Page, error) {
	tx, err := s.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return record.Page{}, classify("read page", err)
	}
	defer func() { _ = tx.Rollback() }() // nothing to commit
	without, err := encodeKnown(query.Without)
	if err != nil {
		return record.Page{}, err
	}
	page, err := readPage(ctx, tx, query, without)
	if err != nil {
		return record.Page{}, classify("read page", err)
	}
	total, err := readTotal(ctx, tx, query.UserID)
	if err != nil {
		return record.Page{}, classify("read total", err)
	}
	if len(query.Without) == 0 {
		page.Total = total
		return page, nil
	}
	hidden, recorded, err := readKnown(ctx, tx, query.UserID, without)
	if err != nil {
		return record.Page{}, classify("read known jobs", err)
	}
	page.Total, page.Recorded = total-hidden, recorded
	return page, nil
}

func readPage(ctx context.Context, tx *sql.Tx, query record.Query, without string) (record.Page, error) {
	text, args := pageQuery(query, without)
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return record.Page{}, err
	}
	defer func() { _ = rows.Close() }()
	page := record.Page{Jobs: make([]*jobv1.Job, 0, query.Limit)}
	var body sql.RawBytes // decoding copies what it keeps
	for rows.Next() {
		if len(page.Jobs) == query.Limit {
			page.More = true
			break
		}
		job := &jobv1.Job{}
		if err := rows.Scan(&body); err != nil {
			return record.Page{}, err
		}
		if err := proto.Unmarshal(body, job); err != nil {
			return record.Page{}, fmt.Errorf("decode job: %w", err)
		}
		page.Jobs = append(page.Jobs, job)
	}
	return page, rows.Err()
}

// pageQuery asks for one row more than the page, to know whether there is more.
// without is query.Without as encodeKnown writes it.
func pageQuery(query record.Query, without string) (text string, args []any) {
	var b strings.Builder
	b.WriteString(`
SELECT record
FROM transcription_history
WHERE user_id = ? AND status <> 'deleted'`)
	args = append(args, query.UserID)
	if query.After != nil {
		b.WriteString(` AND (created_at, id) < (?, ?)`)
		args = append(args, query.After.CreatedAt, query.After.JobID)
	}
	if len(query.Status) > 0 {
		b.WriteString(` AND status IN (?` + strings.Repeat(`, ?`, len(query.Status)-1) + `)`)
		for _, status := range query.Status {
			args = append(args, status)
		}
	}
	if len(query.Without) > 0 {
		b.WriteString(` AND id NOT IN (SELECT key FROM json_each(?))`)
		args = append(args, without)
	}
	b.WriteString(`
ORDER BY created_at DESC, id DESC
LIMIT ? OFFSET ?`)
	return b.String(), append(args, query.Limit+1, query.Offset)
}

const selectTotal = `
SELECT jobs
FROM user_counters
WHERE user_id = ?`

func readTotal(ctx context.Context, tx *sql.Tx, userID string) (int64, error) {
	var total int64
	err := tx.QueryRowContext(ctx, selectTotal, userID).Scan(&total)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return total, err
}
