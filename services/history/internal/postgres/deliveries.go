package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

const (
	// lockStatus keeps the job from being deleted until the transaction ends.
	lockStatus = `
SELECT status
FROM transcription_history
WHERE id = $1
FOR SHARE`

	upsertDelivery = `
INSERT INTO webhook_deliveries (id, user_id, job_id, attempt, event, url, ended_at, state, queued_at, next_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state,
    queued_at = excluded.queued_at,
    next_at = excluded.next_at
WHERE excluded.queued_at >= webhook_deliveries.queued_at`

	insertAttempt = `
INSERT INTO webhook_attempts (delivery_id, started_at, duration_ms, http_status, error)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (delivery_id, started_at) DO NOTHING`

	deleteOldAttempts = `
DELETE FROM webhook_attempts
WHERE delivery_id = $1 AND started_at <= (
    SELECT started_at
    FROM webhook_attempts
    WHERE delivery_id = $1
    ORDER BY started_at DESC
    LIMIT 1 OFFSET $2)`
)

// RecordDelivery stores how a delivery stands, and its newest attempt.
func (s *Store) RecordDelivery(ctx context.Context, d *historyv1.Delivery) error {
	state, err := record.DeliveryWord(d.GetState())
	if err != nil {
		return err
	}
	return s.write(ctx, "record delivery "+d.GetId(), func(ctx context.Context, tx pgx.Tx) error {
		var status string
		err := tx.QueryRow(ctx, lockStatus, text(d.GetJobId())).Scan(&status)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return record.ErrNotRecorded
		case err != nil || status == record.Deleted:
			return err
		}
		_, err = tx.Exec(ctx, upsertDelivery, text(d.GetId()), text(d.GetUserId()), text(d.GetJobId()), d.GetAttempt(), d.GetEvent(), text(d.GetUrl()),
			d.GetEndedAt().AsTime(), state, d.GetQueuedAt().AsTime(), timeOrNull(d.GetNextAt()))
		if err != nil {
			return err
		}
		return addAttempts(ctx, tx, d)
	})
}

func addAttempts(ctx context.Context, tx pgx.Tx, d *historyv1.Delivery) error {
	for _, a := range d.GetAttempts() {
		_, err := tx.Exec(ctx, insertAttempt, text(d.GetId()), a.GetStartedAt().AsTime(), a.GetDurationMs(), a.GetHttpStatus(), text(a.GetError()))
		if err != nil {
			return fmt.Errorf("add attempt: %w", err)
		}
	}
	_, err := tx.Exec(ctx, deleteOldAttempts, text(d.GetId()), record.MostAttempts)
	return err
}

const deliveryColumns = `
SELECT
    id,
    user_id,
    job_id,
    attempt,
    event,
    url,
    ended_at,
    state,
    queued_at,
    next_at
FROM webhook_deliveries`

const (
	selectDelivery = deliveryColumns + `
WHERE id = $1 AND user_id = $2`

	selectDeliveries = deliveryColumns + `
WHERE job_id = $1 AND user_id = $2
ORDER BY ended_at DESC, id DESC
LIMIT 100`

	selectAttempts = `
SELECT
    delivery_id,
    started_at,
    duration_ms,
    http_status,
    error
FROM webhook_attempts
WHERE delivery_id = ANY($1)
ORDER BY delivery_id, started_at`
)

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

// Deliveries returns those of a job with their attempts.
func (s *Store) Deliveries(ctx context.Context, userID, jobID string) ([]*historyv1.Delivery, error) {
	return s.deliveries(ctx, selectDeliveries, jobID, userID)
}

func (s *Store) deliveries(ctx context.Context, query, key, userID string) (found []*historyv1.Delivery, err error) {
	err = s.call(ctx, "read deliveries", func(ctx context.Context) error {
		rows, err := s.pool.Query(ctx, query, text(key), text(userID))
		if err != nil {
			return err
		}
		if found, err = pgx.CollectRows(rows, scanDelivery); err != nil || len(found) == 0 {
			return err
		}
		return s.readAttempts(ctx, found)
	})
	return found, err
}

func scanDelivery(row pgx.CollectableRow) (*historyv1.Delivery, error) {
	d := &historyv1.Delivery{}
	var ended, queued time.Time
	var next *time.Time
	var state string
	err := row.Scan(&d.Id, &d.UserId, &d.JobId, &d.Attempt, &d.Event, &d.Url, &ended, &state, &queued, &next)
	d.EndedAt, d.QueuedAt, d.State = timestamppb.New(ended), timestamppb.New(queued), record.DeliveryState(state)
	if next != nil {
		d.NextAt = timestamppb.New(*next)
	}
	return d, err
}

// readAttempts adds to deliveries what was tried.
func (s *Store) readAttempts(ctx context.Context, found []*historyv1.Delivery) error {
	ids, byID := make([]string, len(found)), map[string]*historyv1.Delivery{}
	for i, d := range found {
		ids[i], byID[d.GetId()] = d.GetId(), d
	}
	rows, err := s.pool.Query(ctx, selectAttempts, ids)
	if err != nil {
		return err
	}
	var id, failure string
	var started time.Time
	var took int64
	var status uint32
	_, err = pgx.ForEachRow(rows, []any{&id, &started, &took, &status, &failure}, func() error {
		byID[id].Attempts = append(byID[id].Attempts, &historyv1.DeliveryAttempt{
			StartedAt: timestamppb.New(started), DurationMs: took, HttpStatus: status, Error: failure,
		})
		return nil
	})
	return err
}

const (
	deleteDeliveries = `
DELETE FROM webhook_deliveries
WHERE job_id = ANY($1)`

	deleteDeliveriesOfUser = `
DELETE FROM webhook_deliveries
WHERE user_id = $1`
)

func timeOrNull(at *timestamppb.Timestamp) *time.Time {
	if at == nil {
		return nil
	}
	t := at.AsTime()
	return &t
}
