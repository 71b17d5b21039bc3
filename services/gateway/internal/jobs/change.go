package jobs

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
)

// Cancel stops a job; doing it twice is no error. Conflict: it has completed or
// failed.
func (j *Jobs) Cancel(ctx context.Context, userID, id string) (index.Entry, error) {
	if _, err := j.Find(ctx, userID, id); err != nil {
		return index.Entry{}, err
	}
	record, revision, err := j.Store.Update(ctx, id, func(record *jobv1.Job) error {
		if record.GetState() == jobv1.State_STATE_CANCELLED {
			return job.ErrUnchanged
		}
		job.Advance(record, jobv1.State_STATE_CANCELLED, j.Now())
		return nil
	})
	if fault.Is(err, fault.NotFound) { // purged: it ended long ago
		return index.Entry{}, fault.New(fault.Conflict, "task_ended", "The task has ended already.")
	}
	if err != nil {
		return index.Entry{}, err
	}
	j.Index.Put(record, revision)
	j.stopWork(ctx, id)
	return index.Entry{Job: record, Revision: revision}, nil
}

// Delete removes a job and, soon after, everything it left anywhere. The record of
// a job that is only in the history any more is made again as deleted, since the
// other services follow the record.
func (j *Jobs) Delete(ctx context.Context, userID, id string) error {
	found, err := j.Find(ctx, userID, id)
	if err != nil {
		return err
	}
	record, revision, err := j.Store.Update(ctx, id, func(record *jobv1.Job) error {
		job.Bury(record, j.Now())
		return nil
	})
	if fault.Is(err, fault.NotFound) {
		record = proto.CloneOf(found.Job)
		job.Bury(record, j.Now())
		revision, err = j.Store.Restore(ctx, record)
	}
	if err != nil {
		return err
	}
	j.Index.Put(record, revision)
	if !job.Terminal(found.Job.GetState()) {
		j.stopWork(ctx, id)
	}
	return nil
}

// stopWork tells the workers and empties the queue. The record says it already, so
// a failure costs only time: workers and the janitor read it.
func (j *Jobs) stopWork(ctx context.Context, id string) {
	if err := j.Control.Cancel(ctx, id); err != nil {
		j.Log.Warn("workers not told of the end of a job", "job", id, "err", err)
	}
	if err := j.Store.PurgeTasks(ctx, id); err != nil {
		j.Log.Warn("tasks of an ended job stay queued", "job", id, "err", err)
	}
}
