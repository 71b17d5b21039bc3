package janitor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/index"
)

// clear removes what a finished job does not need any more: queued tasks, plan,
// results and counters, and all blobs but the transcript of a completed job. Should it
// be tried again meanwhile, what the new attempt stores stays.
func (j *Janitor) clear(ctx context.Context, id string) error {
	before, err := j.Jobs.Moment(ctx)
	if err != nil {
		return err
	}
	record, _, err := j.Jobs.Get(ctx, id)
	if err == nil && !job.Terminal(record.GetState()) { // runs again
		return nil
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	completed := record.GetState() == jobv1.State_STATE_COMPLETED
	keep := func(b blob.Info) bool {
		return completed && (b.Key == record.GetTranscript().GetKey() || beingEdited(b)) ||
			record != nil && job.AttemptOf(b.Key) > record.GetAttempt()
	}
	problems := errors.Join(j.Jobs.PurgeFacts(ctx, id, before), j.clearBlobs(ctx, id, keep))
	if record.GetState() == jobv1.State_STATE_DELETED { // nobody is to hear of it any more
		problems = errors.Join(problems, j.Jobs.PurgeHooks(ctx, id))
	}
	return problems
}

// editGrace is how long an edited transcript may wait for the record to point at it,
// by far. One that nothing points at later is of an edit that came to nothing, or is
// an earlier version, which history had before there was a later one.
const editGrace = time.Hour

func beingEdited(b blob.Info) bool { return job.IsEdit(b.Key) && time.Since(b.ModTime) < editGrace }

// clearBlobs removes the blobs of a job, but for those to keep.
func (j *Janitor) clearBlobs(ctx context.Context, id string, keep func(blob.Info) bool) error {
	blobs, err := j.Blobs.List(ctx, job.BlobPrefix(id))
	if err != nil {
		return err
	}
	var problems []error
	for _, b := range blobs {
		if !keep(b) {
			problems = append(problems, j.Blobs.Delete(ctx, b.Key))
		}
	}
	return errors.Join(problems...)
}

// sweepJobs clears what jobs left that are over or gone: a worker that lost its
// job may have stored something after clear.
func (j *Janitor) sweepJobs(ctx context.Context) error {
	leftovers, err := j.leftovers(ctx)
	if err != nil {
		return err
	}
	var problems []error
	for id := range leftovers {
		if j.Index.IsLive(id) || ctx.Err() != nil {
			continue
		}
		problems = append(problems, j.clear(ctx, id))
	}
	return errors.Join(problems...)
}

// leftovers returns the ids of all jobs that have facts, tasks, or blobs other
// than the transcript of a job known as completed.
func (j *Janitor) leftovers(ctx context.Context) (map[string]bool, error) {
	ids := map[string]bool{}
	facts, err := j.Jobs.FactIDs(ctx)
	if err != nil {
		return nil, err
	}
	queued, err := j.Tasks.JobIDs(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range append(facts, queued...) {
		ids[id] = true
	}
	blobs, err := j.Blobs.List(ctx, "jobs")
	if err != nil {
		return nil, err
	}
	for _, b := range blobs {
		id := idOf(b)
		if over, known := j.Index.Over(id); !known || over.Transcript != b.Key {
			ids[id] = true
		}
	}
	return ids, nil
}

// idOf returns the job of a blob below "jobs": see job.BlobPrefix.
func idOf(b blob.Info) string {
	parts := strings.Split(b.Key, "/")
	if len(parts) < 3 {
		return ""
	}
	return parts[2]
}

// crowded is how full the bucket may be before records go ahead of their grace:
// well below where the gateway refuses new jobs, or a user who makes jobs only to
// cancel them would shut everybody out for the length of the grace.
const crowded = 0.6

// purgeConfirmed removes the records that history has: those whose grace is over
// and, as long as the bucket is crowded, the oldest of the others.
func (j *Janitor) purgeConfirmed(ctx context.Context) error {
	list := j.Index.AllOver()
	slices.SortFunc(list, func(a, b index.Over) int { return a.Finished.Compare(b.Finished) })
	full, err := j.crowded(ctx)
	if err != nil {
		return err
	}
	for _, over := range list {
		early := over.State != jobv1.State_STATE_DELETED && time.Since(over.Finished) < j.times.Grace
		if early && !full {
			continue
		}
		purged, err := j.purgeIfConfirmed(ctx, over)
		if err != nil {
			return err
		}
		if purged && early {
			if full, err = j.crowded(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (j *Janitor) crowded(ctx context.Context) (bool, error) {
	used, limit, err := j.Jobs.Usage(ctx)
	return limit > 0 && float64(used) > crowded*float64(limit), err
}

func (j *Janitor) purgeIfConfirmed(ctx context.Context, over index.Over) (bool, error) {
	if over.Hook {
		if told, err := j.Told(ctx, over.Revision); err != nil || !told {
			return false, err
		}
	}
	answer, err := j.History.GetConfirmed(ctx, &historyv1.GetConfirmedRequest{JobId: over.ID, Revision: over.Revision})
	if err != nil || !answer.GetConfirmed() {
		return false, err
	}
	return true, j.purge(ctx, over)
}

// purge removes a job altogether, the record last: until then the job is known
// as one to be cleared.
func (j *Janitor) purge(ctx context.Context, over index.Over) error {
	before, err := j.Jobs.Moment(ctx)
	if err != nil {
		return err
	}
	_, revision, err := j.Jobs.Get(ctx, over.ID)
	if fault.Is(err, fault.NotFound) || err == nil && revision != over.Revision {
		return nil // gone already, or it lives again
	}
	if err != nil {
		return err
	}
	later := func(b blob.Info) bool { return job.AttemptOf(b.Key) > over.Attempt }
	if err := errors.Join(j.Jobs.PurgeFacts(ctx, over.ID, before), j.clearBlobs(ctx, over.ID, later)); err != nil {
		return err
	}
	if over.State == jobv1.State_STATE_DELETED {
		if err := j.Jobs.PurgeHooks(ctx, over.ID); err != nil {
			return err
		}
	}
	j.Log.Debug("record purged", "job", over.ID)
	err = j.Jobs.Purge(ctx, over.ID, revision)
	if fault.Is(err, fault.Conflict) { // it lives again
		return nil
	}
	return err
}
