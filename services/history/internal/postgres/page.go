package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"google.golang.org/protobuf/proto"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// Page reads the jobs, the counter and what is known of Without in one
// transaction, so that all are of the same moment, and in one round trip.
func (s *Store) Page(ctx context.Context, query record.Query) (page record.Page, err error) {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = s.call(ctx, "read page", func(ctx context.Context) error {
		return s.inTx(ctx, options, func(ctx context.Context, tx pgx.Tx) error {
			page = record.Page{Jobs: make([]*jobv1.Job, 0, query.Limit)}
			known := knownOf(query.Without)
			named, err := namedIDs(ctx, tx, query)
			if err != nil {
				return err
			}
			var batch pgx.Batch
			if query.Filtered() {
				batch.Queue(planAnew)
			}
			queuePage(&batch, query, known, named, &page)
			queueTotal(&batch, query.UserID, &page)
			if len(known.ids) > 0 {
				queueKnown(&batch, query.UserID, known, &page)
			}
			return tx.SendBatch(ctx, &batch).Close()
		})
	})
	return page, err
}

// fewNames is how many jobs are first found by name and then sorted. With more of them
// a page is met sooner on the way through the keyset. The planner cannot tell: it knows
// names only as shares of all there are.
const fewNames = 1000

const selectNamed = `
SELECT id
FROM transcription_history
WHERE user_id = $1 AND file_name ~>=~ $2 AND file_name ~<~ $3
ORDER BY file_name USING ~<~
LIMIT $4`

// namedIDs are the jobs whose names begin as asked for, if they are few; else nil.
func namedIDs(ctx context.Context, tx pgx.Tx, query record.Query) ([]string, error) {
	end, ends := record.Behind(query.FileName)
	if !ends {
		return nil, nil
	}
	rows, err := tx.Query(ctx, selectNamed, query.UserID, query.FileName, end, fewNames+1)
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if len(ids) > fewNames {
		return nil, err
	}
	return ids, err
}

// planAnew has statements of this transaction planned for their very values: which way
// to a rare language is the best is not the way to a frequent one.
const planAnew = `
SELECT set_config('plan_cache_mode', 'force_custom_plan', true)`

func queuePage(batch *pgx.Batch, query record.Query, known known, named []string, page *record.Page) {
	text, args := pageQuery(query, known, named)
	batch.Queue(text, args...).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			if len(page.Jobs) == query.Limit {
				page.More = true
				continue
			}
			var body pgtype.DriverBytes // decoding copies what it keeps
			if err := rows.Scan(&body); err != nil {
				return err
			}
			job := &jobv1.Job{}
			if err := proto.Unmarshal(body, job); err != nil {
				return fmt.Errorf("decode job: %w", err)
			}
			page.Jobs = append(page.Jobs, job)
		}
		return rows.Err()
	})
}

// pageQuery asks for one row more than the page, to know whether there is more.
func pageQuery(query record.Query, known known, named []string) (text string, args []any) {
	var b strings.Builder
	place := func(arg any) string {
		args = append(args, arg)
		return fmt.Sprintf("$%d", len(args))
	}
	b.WriteString(`
SELECT record
FROM transcription_history
WHERE user_id = ` + place(query.UserID) + ` AND status <> 'deleted'`)
	behind, order := `<`, `created_at DESC, id DESC`
	if query.OldestFirst {
		behind, order = `>`, `created_at, id`
	}
	if query.After != nil {
		b.WriteString(` AND (created_at, id) ` + behind + ` (` + place(instant(query.After.CreatedAt)) + `, ` + place(query.After.JobID) + `)`)
	}
	if named != nil {
		query.FileName = ""
		b.WriteString(` AND id = ANY(` + place(named) + `)`)
	}
	for _, condition := range filter(query, place) {
		b.WriteString(` AND ` + condition)
	}
	if len(known.ids) > 0 && len(query.Terms) == 0 {
		b.WriteString(` AND id <> ALL(` + place(known.ids) + `)`)
	}
	b.WriteString(`
ORDER BY ` + order + `
LIMIT ` + place(query.Limit+1) + ` OFFSET ` + place(query.Offset))
	return b.String(), args
}

// filter says what the jobs of a page have to be like. Names are compared byte by
// byte, as their index has them.
func filter(query record.Query, place func(arg any) string) (conditions []string) {
	where := func(condition string, arg any) {
		conditions = append(conditions, fmt.Sprintf(condition, place(arg)))
	}
	if len(query.Status) > 0 {
		where(`status = ANY(%s)`, query.Status)
	}
	if query.Language != "" {
		where(`language = %s`, query.Language)
	}
	if query.Model != "" {
		where(`model = %s`, query.Model)
	}
	if query.FileName != "" {
		where(`file_name ~>=~ %s`, query.FileName)
		if end, ends := record.Behind(query.FileName); ends {
			where(`file_name ~<~ %s`, end)
		}
	}
	if query.From != nil {
		where(`created_at >= %s`, instant(*query.From))
	}
	if query.Before != nil {
		where(`created_at < %s`, instant(*query.Before))
	}
	if len(query.Terms) > 0 {
		where(`id IN (`+selectMatching+`%s::text::tsquery)`, matchOf(query.UserID, query.Terms))
	}
	return conditions
}

const selectTotal = `
SELECT jobs
FROM user_counters
WHERE user_id = $1`

func queueTotal(batch *pgx.Batch, userID string, page *record.Page) {
	batch.Queue(selectTotal, userID).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&page.Total)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
}

// known are jobs that the asker knows better, as arrays.
type known struct {
	ids       []string
	revisions []int64
}

// knownOf names each job once, with the revision that was given last.
func knownOf(jobs []record.Known) known {
	var k known
	places := make(map[string]int, len(jobs))
	for _, job := range jobs {
		at, again := places[job.JobID]
		if !again {
			at = len(k.ids)
			places[job.JobID] = at
			k.ids = append(k.ids, job.JobID)
			k.revisions = append(k.revisions, 0)
		}
		k.revisions[at] = int64(job.Revision)
	}
	return k
}

const selectKnown = `
SELECT
    job.id,
    job.status <> 'deleted',
    job.revision >= known.revision
FROM unnest($1::text[], $2::bigint[]) AS known (id, revision)
JOIN transcription_history AS job ON job.id = known.id
WHERE job.user_id = $3`

// queueKnown takes from the total what has a row that is not deleted, and lists
// those whose row is not older than what is known.
func queueKnown(batch *pgx.Batch, userID string, known known, page *record.Page) {
	batch.Queue(selectKnown, known.ids, known.revisions, userID).Query(func(rows pgx.Rows) error {
		var id string
		var live, recorded bool
		_, err := pgx.ForEachRow(rows, []any{&id, &live, &recorded}, func() error {
			if live {
				page.Total--
			}
			if recorded {
				page.Recorded = append(page.Recorded, id)
			}
			return nil
		})
		return err
	})
}
