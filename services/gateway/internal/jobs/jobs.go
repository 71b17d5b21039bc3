// Package jobs finds, makes, stops and lists jobs for package api: from the index
// while they are young, from the record, and from the history when the record is
// gone. Another user's job is never found.
package jobs

import (
	"context"
	"log/slog"
	"regexp"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/admission"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
)

// Jobs is safe for all goroutines.
type Jobs struct {
	Index   *index.Index
	Store   *job.Store
	Control *job.Control
	History historyv1.HistoryServiceClient
	Blobs   blob.Store
	Log     *slog.Logger
	Now     func() time.Time
	// Quota says what the user of a request may still use.
	Quota Quota
	// Room refuses new jobs while the JOBS bucket is nearly full.
	Room *admission.Gate
}

// Quota bounds what users may use; *quota.Meter is one. The user is that of the
// request.
type Quota interface {
	// MostJobs returns how many jobs may be under way; 0: any number.
	MostJobs(ctx context.Context) int
	// CheckAudio returns why no more audio may be worked on today. Exhausted.
	CheckAudio(ctx context.Context) error
}

// idForm is how all our ids look; any other id was never made.
var idForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func notFound() error {
	return fault.New(fault.NotFound, "task_not_found", "There is no task of this id.")
}

// Find returns a user's job. NotFound: there is none, it is deleted, or it is
// somebody else's. Unavailable: neither record nor history can be asked.
func (j *Jobs) Find(ctx context.Context, userID, id string) (index.Entry, error) {
	if !idForm.MatchString(id) {
		return index.Entry{}, notFound()
	}
	if e, known := j.Index.Get(id); known {
		return owned(e, userID)
	}
	record, revision, err := j.Store.Get(ctx, id)
	switch {
	case fault.Is(err, fault.NotFound):
		return j.fromHistory(ctx, userID, id)
	case err != nil:
		return index.Entry{}, err
	}
	j.Index.Put(record, revision)
	if e, known := j.Index.Get(id); known {
		return owned(e, userID)
	}
	return owned(ended(record, revision), userID) // too old for the index
}

// Wait is Find that returns once the record is newer than the revision since (0:
// than it is now), or the job is terminal, or ctx ends.
func (j *Jobs) Wait(ctx context.Context, userID, id string, since uint64) (index.Entry, error) {
	e, err := j.Find(ctx, userID, id)
	if err != nil || job.Terminal(e.Job.GetState()) {
		return e, err
	}
	if since == 0 {
		since = e.Revision
	}
	if later, known := j.Index.Wait(ctx, id, since); known {
		return owned(later, userID)
	}
	return j.Find(context.WithoutCancel(ctx), userID, id) // ctx may have ended: its end is no error
}

// Latest is Find for who must not be told of the end of an attempt when there is a
// later one: somebody may have asked for it at another gateway just now. attempt is the
// latest that the asker has heard of.
func (j *Jobs) Latest(ctx context.Context, userID, id string, attempt uint32) (index.Entry, error) {
	e, err := j.Find(ctx, userID, id)
	if err != nil || !retryable(e.Job.GetState()) && e.Job.GetAttempt() >= attempt {
		return e, err
	}
	return j.newest(ctx, e)
}

// Current is Find for who acts upon what another gateway may have changed just now.
func (j *Jobs) Current(ctx context.Context, userID, id string) (index.Entry, error) {
	e, err := j.Find(ctx, userID, id)
	if err != nil {
		return index.Entry{}, err
	}
	return j.newest(ctx, e)
}

// newest reads the record of a job that was found from the leader.
func (j *Jobs) newest(ctx context.Context, found index.Entry) (index.Entry, error) {
	record, revision, err := j.Store.Get(ctx, found.Job.GetId())
	if err != nil { // it is in the history only, or nobody can ask for anything now
		return found, nil //nolint:nilerr // what was found is the best there is
	}
	j.Index.Put(record, revision)
	return owned(ended(record, revision), found.Job.GetUserId())
}

func (j *Jobs) fromHistory(ctx context.Context, userID, id string) (index.Entry, error) {
	reply, err := j.History.GetJob(ctx, &historyv1.GetJobRequest{UserId: userID, JobId: id})
	if fault.Is(err, fault.NotFound) {
		return index.Entry{}, notFound()
	}
	if err != nil {
		return index.Entry{}, err
	}
	return owned(ended(reply.GetJob(), reply.GetRevision()), userID)
}

func owned(e index.Entry, userID string) (index.Entry, error) {
	if e.Job.GetUserId() != userID || e.Job.GetState() == jobv1.State_STATE_DELETED {
		return index.Entry{}, notFound()
	}
	return e, nil
}

// ended is the entry of a job that the index does not keep.
func ended(record *jobv1.Job, revision uint64) index.Entry {
	e := index.Entry{Job: record, Revision: revision}
	if record.GetState() == jobv1.State_STATE_COMPLETED {
		e.Progress = 1
	}
	return e
}
