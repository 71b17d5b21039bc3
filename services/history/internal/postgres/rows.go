package postgres

import (
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// insertRows takes its rows from arrays, a column each, and in their order.
const insertRows = `
INSERT INTO transcription_history (id, user_id, attempt, status, priority, model, language, file_name, file_id,
    duration_ms, created_at, started_at, finished_at, error_code, revision, record, charged_ms, transcript_version)
SELECT *
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::bigint[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::text[], $15::bigint[], $16::bytea[],
    $17::bigint[], $18::bigint[])`

const (
	insertFresh = insertRows + `
ON CONFLICT (id) DO NOTHING`

	// Rows that are there and locked are changed by way of the conflict: each is found
	// by its key, whatever the planner thinks of arrays.
	updateRows = insertRows + `
ON CONFLICT (id) DO UPDATE SET
    attempt = excluded.attempt,
    status = excluded.status,
    priority = excluded.priority,
    model = excluded.model,
    language = excluded.language,
    file_name = excluded.file_name,
    file_id = excluded.file_id,
    duration_ms = excluded.duration_ms,
    created_at = excluded.created_at,
    started_at = excluded.started_at,
    finished_at = excluded.finished_at,
    error_code = excluded.error_code,
    revision = excluded.revision,
    record = excluded.record,
    charged_ms = excluded.charged_ms,
    transcript_version = excluded.transcript_version`
)

// queueRows stores new rows and changes those that are there, which are locked.
func queueRows(batch *pgx.Batch, fresh, changed []record.Row) {
	if len(fresh) > 0 {
		batch.Queue(insertFresh, columns(fresh)...).Exec(func(tag pgconn.CommandTag) error {
			if tag.RowsAffected() < int64(len(fresh)) {
				return errRaced
			}
			return nil
		})
	}
	if len(changed) > 0 {
		batch.Queue(updateRows, columns(changed)...)
	}
}

// columns turns rows into arrays.
func columns(rows []record.Row) []any {
	return []any{
		column(rows, func(r record.Row) string { return r.ID }),
		column(rows, func(r record.Row) string { return r.UserID }),
		column(rows, func(r record.Row) int64 { return int64(r.Attempt) }),
		column(rows, func(r record.Row) string { return r.Status }),
		column(rows, func(r record.Row) string { return r.Priority }),
		column(rows, func(r record.Row) string { return short(text(r.Model)) }),
		column(rows, func(r record.Row) string { return short(text(r.Language)) }),
		column(rows, func(r record.Row) string { return short(text(r.FileName)) }),
		column(rows, func(r record.Row) string { return text(r.FileID) }),
		column(rows, func(r record.Row) int64 { return r.DurationMS }),
		column(rows, func(r record.Row) time.Time { return instant(r.CreatedAt) }),
		column(rows, func(r record.Row) *time.Time { return instantOrNull(r.StartedAt) }),
		column(rows, func(r record.Row) *time.Time { return instantOrNull(r.FinishedAt) }),
		column(rows, func(r record.Row) string { return text(r.ErrorCode) }),
		column(rows, func(r record.Row) int64 { return int64(r.Revision) }),
		column(rows, func(r record.Row) []byte { return r.Record }),
		column(rows, func(r record.Row) int64 { return r.ChargedMS }),
		column(rows, func(r record.Row) int64 { return int64(r.TranscriptVersion) }),
	}
}

func column[T any](rows []record.Row, of func(record.Row) T) []T {
	values := make([]T, len(rows))
	for i, row := range rows {
		values[i] = of(row)
	}
	return values
}

// text replaces the one character that PostgreSQL cannot keep. The record has the
// original.
func text(s string) string { return strings.ReplaceAll(s, "\x00", "\uFFFD") }

// longestName is how much of a name is kept for searching, in characters: an index
// takes no more than about 2700 bytes.
const longestName = 500

func short(name string) string {
	characters := 0
	for at := range name {
		if characters == longestName {
			return name[:at]
		}
		characters++
	}
	return name
}

// What PostgreSQL can keep as a time, and more than anybody means.
var (
	firstInstant = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	lastInstant  = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
)

// instant turns microseconds since 1970 UTC into a time. One that makes no sense is
// moved to the nearest that does: it must not hold up all jobs behind it.
func instant(micros int64) time.Time {
	at := time.UnixMicro(micros).UTC()
	switch {
	case at.Before(firstInstant):
		return firstInstant
	case at.After(lastInstant):
		return lastInstant
	default:
		return at
	}
}

func instantOrNull(micros int64) *time.Time {
	if micros == 0 {
		return nil
	}
	at := instant(micros)
	return &at
}

func microsOf(at *time.Time) int64 {
	if at == nil {
		return 0
	}
	return at.UnixMicro()
}
