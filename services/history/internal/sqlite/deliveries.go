package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

const (
	selectJobStatus = `
SELECT status
FROM transcription_history
WHERE id = ?`

	upsertDelivery = `
INSERT INTO webhook_deliveries (id, user_id, job_id, attempt, event, url, ended_at, state, queued_at, next_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state,
    queued_at = excluded.queued_at,
    next_at = excluded.next_at
WHERE excluded.queued_at >= webhook_deliveries.queued_at`

	insertAttempt = `
INSERT INTO webhook_attempts (delivery_id, started_at, duration_ms, http_status, error)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (delivery_id, started_at) DO NOTHING`

	deleteOldAttempts = `
DELETE FROM webhook_attempts
WHERE delivery_id = ? AND started_at <= (
    SELECT started_at
    FROM webhook_attempts
    WHERE delivery_id = ?
    ORDER BY started_at DESC
    LIMIT 1 OFFSET ?)`
)

// RecordDelivery stores how a delivery stands, and its newest attempt.
func (s *Store) RecordDelivery(ctx context.Context, d *historyv1.Delivery) error {
	state, err := record.DeliveryWord(d.GetState())
	if err != nil {
		return err
	}
	return classify("record delivery "+d.GetId(), s.inTx(ctx, func(tx *sql.Tx) error {
		var status string
		err := tx.QueryRowContext(ctx, selectJobStatus, d.GetJobId()).Scan(&status)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return record.ErrNotRecorded
		case err != nil || status == record.Deleted:
			return err
		}
		_, err = tx.ExecContext(ctx, upsertDelivery, d.GetId(), d.GetUserId(), d.GetJobId(), d.GetAttempt(), d.GetEvent(), d.GetUrl(),
			micros(d.GetEndedAt()), state, micros(d.GetQueuedAt()), microsOrNull(d.GetNextAt()))
		if err != nil {
			return err
		}
		return addAttempts(ctx, tx, d)
	}))
}

func addAttempts(ctx context.Context, tx *sql.Tx, d *historyv1.Delivery) error {
	for _, a := range d.GetAttempts() {
		_, err := tx.ExecContext(ctx, insertAttempt, d.GetId(), micros(a.GetStartedAt()), a.GetDurationMs(), a.GetHttpStatus(), a.GetError())
		if err != nil {
			return fmt.Errorf("add attempt: %w", err)
		}
	}
	_, err := tx.ExecContext(ctx, deleteOldAttempts, d.GetId(), d.GetId(), record.MostAttempts)
	return err
}

const deliveryColumns = `
SELECT id, user_id, job_id, attempt, event, url, ended_at, state, queued_at, next_at
FROM webhook_deliveries`

const selectDelivery = deliveryColumns + `
WHERE id = ? AND user_id = ?`

// Delivery returns one delivery with its attempts.
func (s *Store) Delivery(ctx context.Context, userID, id string) (*historyv1.Delivery, error) {
	found, err := s.deliveries(ctx, selectDelivery, id, userID)
	if err == nil && len(found) == 0 {
		err = record.ErrNoDelivery
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

const selectDeliveries = deliveryColumns + `
WHERE job_id = ? AND user_id = ?
ORDER BY ended_at DESC, id DESC
LIMIT 100`

// Deliveries returns those of a job with their attempts.
func (s *Store) Deliveries(ctx context.Context, userID, jobID string) ([]*historyv1.Delivery, error) {
	return s.deliveries(ctx, selectDeliveries, jobID, userID)
}

const selectAttempts = `
SELECT started_at, duration_ms, http_status, error
FROM webhook_attempts
WHERE delivery_id = ?
ORDER BY started_at`

// deliveries reads what a query finds, and the attempts of each, as of one moment.
func (s *Store) deliveries(ctx context.Context, query string, keys ...any) (found []*historyv1.Delivery, err error) {
	tx, err := s.reader.BeginTx(ctx, nil)
	if err != nil {
		return nil, classify("read deliveries", err)
	}
	defer func() { _ = tx.Rollback() }() // it only reads
	err = each(ctx, tx, query, keys, func(rows *sql.Rows) error {
		d := &historyv1.Delivery{}
		var ended, queued int64
		var next *int64
		var state string
		err := rows.Scan(&d.Id, &d.UserId, &d.JobId, &d.Attempt, &d.Event, &d.Url, &ended, &state, &queued, &next)
		d.EndedAt, d.QueuedAt, d.State = stampOf(ended), stampOf(queued), record.DeliveryState(state)
		if next != nil {
			d.NextAt = stampOf(*next)
		}
		found = append(found, d)
		return err
	})
	for _, d := range found {
		if err == nil {
			err = each(ctx, tx, selectAttempts, []any{d.GetId()}, func(rows *sql.Rows) error {
				a := &historyv1.DeliveryAttempt{}
				var started int64
				err := rows.Scan(&started, &a.DurationMs, &a.HttpStatus, &a.Error)
				a.StartedAt = stampOf(started)
				d.Attempts = append(d.Attempts, a)
				return err
			})
		}
	}
	return found, classify("read deliveries", err)
}

// each calls scan for each row.
func each(ctx context.Context, tx *sql.Tx, query string, keys []any, scan func(*sql.Rows) error) error {
	rows, err := tx.QueryContext(ctx, query, keys...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

const deleteDeliveries = `
DELETE FROM webhook_deliveries
WHERE job_id = ?`

func micros(at *timestamppb.Timestamp) int64 { return at.AsTime().UnixMicro() }

func microsOrNull(at *timestamppb.Timestamp) *int64 {
	if at == nil {
		return nil
	}
	n := micros(at)
	return &n
}

func stampOf(micros int64) *timestamppb.Timestamp { return timestamppb.New(time.UnixMicro(micros)) }
