package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// Record stores changes in one transaction of four round trips, however many they
// are. Others may record the same jobs at the same time.
func (s *Store) Record(ctx context.Context, changes []record.Change) error {
	jobs, err := record.Group(changes)
	if err != nil {
		return err
	}
	return s.write(ctx, "record jobs", func(ctx context.Context, tx pgx.Tx) error {
		before, err := lockRows(ctx, tx, jobs)
		if err != nil {
			return fmt.Errorf("read jobs: %w", err)
		}
		return store(ctx, tx, jobs, before)
	})
}

const lockStored = `
SELECT
    id,
    attempt,
    status,
    revision,
    charged_ms,
    model,
    language,
    duration_ms,
    created_at,
    started_at,
    finished_at
FROM transcription_history
WHERE id = ANY($1)
ORDER BY id
FOR NO KEY UPDATE`

// lockRows reads the rows that jobs have, and keeps others from changing them
// until the transaction ends.
func lockRows(ctx context.Context, tx pgx.Tx, jobs []record.Events) (map[string]record.Stored, error) {
	ids := make([]string, len(jobs))
	for i, job := range jobs {
		ids[i] = job.JobID
	}
	rows, err := tx.Query(ctx, lockStored, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[string]record.Stored, len(jobs))
	var id string
	var row record.Stored
	var created time.Time
	var started, finished *time.Time
	columns := []any{&id, &row.Attempt, &row.Status, &row.Revision, &row.ChargedMS, &row.Model, &row.Language, &row.DurationMS,
		&created, &started, &finished}
	_, err = pgx.ForEachRow(rows, columns, func() error {
		row.CreatedAt, row.StartedAt, row.FinishedAt = created.UnixMicro(), microsOf(started), microsOf(finished)
		found[id] = row
		return nil
	})
	return found, err
}

// store writes what changes come to: rows before the transcripts that refer to
// them. errRaced: somebody has made one of the rows that were missing.
func store(ctx context.Context, tx pgx.Tx, jobs []record.Events, before map[string]record.Stored) error {
	var fresh, changed []record.Row
	var transcripts transcriptWrites
	var deleted []string // ids of jobs
	live, counts, usage := map[string]int64{}, record.NewCounts(), usageWrites{}
	for _, job := range jobs {
		stored, exists := before[job.JobID]
		o := record.Fold(stored, job)
		switch {
		case o.Row == nil:
		case exists:
			changed = append(changed, *o.Row)
		default:
			fresh = append(fresh, *o.Row)
		}
		if err := transcripts.add(job, o); err != nil {
			return err
		}
		if o.Row == nil {
			continue
		}
		if o.Row.Status == record.Deleted {
			deleted = append(deleted, job.JobID)
		}
		live[job.UserID] += o.Live
		counts.Add(job.UserID, o)
		usage.add(job.UserID, o.Usage)
	}
	var batch pgx.Batch
	queueRows(&batch, fresh, changed)
	transcripts.queue(&batch)
	if len(deleted) > 0 {
		batch.Queue(deleteDeliveries, deleted)
	}
	queueLive(&batch, live)
	queueCounts(&batch, counts)
	usage.queue(&batch)
	return tx.SendBatch(ctx, &batch).Close()
}

const addToCounters = `
INSERT INTO user_counters (user_id, jobs)
SELECT *
FROM unnest($1::text[], $2::bigint[])
ON CONFLICT (user_id) DO UPDATE SET
    jobs = user_counters.jobs + excluded.jobs`

// queueLive takes the counters in order of their users, as all transactions do. Whose
// number of jobs stays the same is among them: the counter is the lock of the user's
// statistics.
func queueLive(batch *pgx.Batch, live map[string]int64) {
	if len(live) == 0 {
		return
	}
	users := slices.Sorted(maps.Keys(live))
	jobs := make([]int64, len(users))
	for i, user := range users {
		jobs[i] = live[user]
	}
	batch.Queue(addToCounters, users, jobs)
}
