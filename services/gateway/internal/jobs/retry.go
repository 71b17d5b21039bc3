package jobs

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
)

// Retry begins the next attempt of a job that failed or was cancelled: when it returns,
// that is on disk. Conflict, code "task_running" or "task_completed": it has not ended,
// or has its transcript; code "file_gone": its recording is not stored any more. Other
// errors are those of Create.
func (j *Jobs) Retry(ctx context.Context, userID, id string) (index.Entry, error) {
	found, err := j.Latest(ctx, userID, id, 0)
	if err != nil {
		return index.Entry{}, err
	}
	if err := refuseRetry(found.Job); err != nil {
		return index.Entry{}, err
	}
	if err := j.checkRecording(ctx, found.Job); err != nil {
		return index.Entry{}, err
	}
	release, err := j.admit(ctx, userID, id)
	if err != nil {
		return index.Entry{}, err
	}
	defer release()
	return j.change(ctx, found.Job, func(record *jobv1.Job) error {
		if err := refuseRetry(record); err != nil {
			return err
		}
		job.Again(record, j.Now())
		return nil
	})
}

// retryable reports whether a job in this state may be tried again.
func retryable(state jobv1.State) bool {
	return state == jobv1.State_STATE_FAILED || state == jobv1.State_STATE_CANCELLED
}

// refuseRetry says why a job is not tried again; nil for one that may be.
func refuseRetry(record *jobv1.Job) error {
	switch state := record.GetState(); {
	case retryable(state):
		return nil
	case state == jobv1.State_STATE_DELETED:
		return fault.New(fault.Conflict, "task_deleted", "The task was deleted.")
	case state == jobv1.State_STATE_COMPLETED:
		return fault.New(fault.Conflict, "task_completed", "The task has completed; make a new one to transcribe the file again.")
	default:
		return fault.New(fault.Conflict, "task_running", "The task has not ended; only one that failed or was cancelled can be tried again.")
	}
}

// checkRecording makes sure that there is something to transcribe: the janitor keeps a
// recording while a file or a job under way refers to it.
func (j *Jobs) checkRecording(ctx context.Context, record *jobv1.Job) error {
	_, err := j.Blobs.Stat(ctx, record.GetInput().GetBlobKey())
	switch {
	case err == nil:
		return nil
	case errors.Is(err, blob.ErrNotFound), errors.Is(err, blob.ErrKey):
		return fault.New(fault.Conflict, "file_gone", "The recording of this task is not stored any more; upload it and make a new task.")
	default:
		return fault.Wrap(err, fault.Unavailable, "storage_unavailable", "The recording cannot be looked up right now; try again later.")
	}
}

// change changes the record of a job that was found; one that only the history has any
// more is stored again, since the other services follow the record. Errors of apply are
// returned as they are; NotFound is none of them.
func (j *Jobs) change(ctx context.Context, found *jobv1.Job, apply func(*jobv1.Job) error) (index.Entry, error) {
	for {
		record, revision, err := j.Store.Update(ctx, found.GetId(), apply)
		if err == nil {
			return j.put(record, revision), nil
		}
		if !fault.Is(err, fault.NotFound) {
			return index.Entry{}, err
		}
		if err := j.Room.Check(ctx); err != nil {
			return index.Entry{}, err
		}
		record = proto.CloneOf(found)
		if err := apply(record); err != nil {
			return index.Entry{}, err
		}
		revision, err = j.Store.Restore(ctx, record)
		if err == nil {
			return j.put(record, revision), nil
		}
		if !fault.Is(err, fault.Conflict) { // else somebody else has stored it
			return index.Entry{}, err
		}
	}
}

func (j *Jobs) put(record *jobv1.Job, revision uint64) index.Entry {
	j.Index.Put(record, revision)
	return index.Entry{Job: record, Revision: revision}
}
