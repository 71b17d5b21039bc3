package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

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
	where := func(condition string, values ...any) {
		b.WriteString(` AND ` + condition)
		args = append(args, values...)
	}
	b.WriteString(`
SELECT record
FROM transcription_history
WHERE user_id = ? AND status <> 'deleted'`)
	args = append(args, query.UserID)
	behind, order := `<`, `created_at DESC, id DESC`
	if query.OldestFirst {
		behind, order = `>`, `created_at, id`
	}
	if query.After != nil {
		where(`(created_at, id) `+behind+` (?, ?)`, query.After.CreatedAt, query.After.JobID)
	}
	filter(query, where)
	if len(query.Without) > 0 && len(query.Terms) == 0 {
		where(`id NOT IN (SELECT key FROM json_each(?))`, without)
	}
	b.WriteString(`
ORDER BY ` + order + `
LIMIT ? OFFSET ?`)
	return b.String(), append(args, query.Limit+1, query.Offset)
}

// filter says what the jobs of a page have to be like.
func filter(query record.Query, where func(condition string, values ...any)) {
	if len(query.Status) > 0 {
		states := make([]any, len(query.Status))
		for i, status := range query.Status {
			states[i] = status
		}
		where(`status IN (?`+strings.Repeat(`, ?`, len(states)-1)+`)`, states...)
	}
	if query.Language != "" {
		where(`language = ?`, query.Language)
	}
	if query.Model != "" {
		where(`model = ?`, query.Model)
	}
	if query.FileName != "" {
		where(`file_name >= ?`, query.FileName)
		if end, ends := record.Behind(query.FileName); ends {
			where(`file_name < ?`, end)
		}
	}
	if query.From != nil {
		where(`created_at >= ?`, *query.From)
	}
	if query.Before != nil {
		where(`created_at < ?`, *query.Before)
	}
	if len(query.Terms) > 0 {
		where(`id IN (`+selectMatching+`)`, matchOf(query.UserID, query.Terms))
	}
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
