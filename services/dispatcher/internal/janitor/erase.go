package janitor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

const (
	// eraseTime bounds the one call that removes all rows of a user, who may have had a
	// million jobs. The round as a whole has no bound: a big store would never finish one.
	eraseTime = time.Minute
	// eraseBatch is how many jobs are dropped from the cache in one call.
	eraseBatch = 1000
	// straggle is how long after its end an erasure is gone over again at each sweep,
	// for what a process that was frozen or cut off has still stored.
	straggle = 24 * time.Hour
)

// eraseAll goes over all erasures that are not finished. One is finished by a look at
// everything that finds nothing, at a time when nobody can have work of the user in
// hand any more. Until then it is looked again, so it may break off anywhere.
func (j *Janitor) eraseAll(ctx context.Context) error {
	orders := j.Erased.All()
	if len(orders) == 0 || !j.Index.Ready() {
		return nil
	}
	problems := []error{j.bury(ctx)} // also what came after the end
	for _, order := range orders {
		if order.GetFinishedAt() == nil && ctx.Err() == nil {
			problems = append(problems, j.eraseUser(ctx, order.GetUserId()))
		}
	}
	return errors.Join(problems...)
}

// bury makes the jobs of erased users tombstones, which ends the work on them, and
// removes those that history knows as such.
func (j *Janitor) bury(ctx context.Context) error {
	var problems []error
	for _, one := range j.Index.Of(j.Erased.Has) {
		if ctx.Err() != nil {
			break
		}
		j.busy[one.UserID] = time.Now()
		if one.State == jobv1.State_STATE_DELETED {
			_, err := j.purgeIfConfirmed(ctx, one)
			problems = append(problems, err)
			continue
		}
		_, _, err := j.Jobs.Update(ctx, one.ID, func(record *jobv1.Job) error {
			job.Bury(record, time.Now())
			return nil
		})
		if !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.NotFound) { // else it is deleted already, or gone
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// eraseUser removes all there is of a user, and ends the erasure when it is over.
func (j *Janitor) eraseUser(ctx context.Context, user string) error {
	if _, known := j.busy[user]; !known { // a process before us may have stopped work just now
		j.busy[user] = time.Now()
	}
	settled := time.Since(j.busy[user]) >= j.times.Settle
	err := j.scrub(ctx, user)
	if err == nil {
		err = j.eraseHistory(ctx, user)
	}
	if err == nil && settled {
		err = j.finishErasure(ctx, user)
	}
	if err != nil {
		return fmt.Errorf("erase user %s: %w", user, err)
	}
	return nil
}

// finishErasure ends an erasure, unless records of the user are left: history does
// not know yet that they are deleted.
func (j *Janitor) finishErasure(ctx context.Context, user string) error {
	jobs, err := j.ownedBy(ctx, user)
	if err != nil || jobs > 0 {
		return err
	}
	if err := j.sweepJobs(ctx); err != nil { // what workers stored in the moment they were stopped
		return err
	}
	if err := j.Jobs.FinishErasure(ctx, user, time.Now()); err != nil {
		return err
	}
	delete(j.busy, user)
	j.Log.Info("user erased", "user", user)
	return nil
}

// eraseHistory removes account, history and cached transcripts.
func (j *Janitor) eraseHistory(ctx context.Context, user string) error {
	limited, cancel := context.WithTimeout(ctx, eraseTime)
	defer cancel()
	reply, err := j.History.EraseUser(limited, &historyv1.EraseUserRequest{UserId: user})
	if err != nil {
		return err
	}
	return j.dropCached(ctx, reply.GetJobIds())
}

// scrub removes a user's files, recordings, uploads, and what else stands under the
// user's name. What belongs to a job goes with the job.
func (j *Janitor) scrub(ctx context.Context, user string) error {
	if err := errors.Join(j.Files.PurgeUser(ctx, user), j.Jobs.PurgeTraces(ctx, user)); err != nil {
		return err
	}
	recordings, err := j.Blobs.List(ctx, job.FileBlobPrefix(user))
	if err != nil {
		return err
	}
	pieces, err := j.Blobs.List(ctx, job.UploadsBlobPrefix(user))
	if err != nil {
		return err
	}
	var problems []error
	for _, b := range append(recordings, pieces...) {
		problems = append(problems, j.Blobs.Delete(ctx, b.Key))
	}
	return errors.Join(problems...)
}

// dropCached removes the transcripts of jobs from the cache of every replica.
func (j *Janitor) dropCached(ctx context.Context, ids []string) error {
	for batch := range slices.Chunk(ids, eraseBatch) {
		request := &cachev1.DeleteRequest{}
		for _, id := range batch {
			request.Prefixes = append(request.Prefixes, job.CachedTranscripts(id))
		}
		if _, err := j.Cache.Delete(ctx, request); err != nil {
			return err
		}
	}
	return nil
}

// sweepErased looks for what came late of users who were erased not long ago.
func (j *Janitor) sweepErased(ctx context.Context) error {
	var problems []error
	for _, order := range j.Erased.All() {
		if end := order.GetFinishedAt(); end != nil && time.Since(end.AsTime()) < straggle {
			problems = append(problems, j.scrub(ctx, order.GetUserId()))
		}
	}
	return errors.Join(problems...)
}
