package openai

import (
	"context"
	"encoding/hex"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
	"github.com/stenomesh/stenomesh/services/gateway/internal/jobs"
)

// What idempotency keys of this API begin with: no key of a client has a space.
const (
	givenKey  = "openai "
	repeatKey = "openai-repeat "
)

// create makes the job for a stored recording, or finds the one that an earlier
// request of the same client made; made is false then, and on an error.
func (a *API) create(ctx context.Context, v visit, o order, file *jobv1.File) (e index.Entry, made bool, err error) {
	user := auth.User(ctx).GetId()
	ordered := o.create
	ordered.FileID = file.GetInput().GetFileId()
	check := func(context.Context) (jobs.Order, error) {
		options, warnings, err := ordered.Options(a.Models)
		return jobs.Order{Input: file.GetInput(), Options: options, Warnings: warnings}, err
	}
	again := false
	if v.key == "" && !v.repeats {
		e, err = a.Jobs.Create(ctx, user, check)
	} else {
		ordered.FileID = file.GetInput().GetSha256() // the same bytes, whenever they came
		once := jobs.Once{Key: givenKey + v.key, Check: check}
		if once.Fingerprint, err = ordered.Fingerprint(); err != nil {
			return index.Entry{}, false, err
		}
		e, again, err = a.createOnce(ctx, user, v, once)
	}
	if err != nil || again {
		return e, false, err
	}
	a.Log.Info("job accepted", "job", e.Job.GetId(), "user", user, "model", e.Job.GetOptions().GetResolvedModel())
	return e, true, nil
}

// createOnce makes a job that a repeat of the request finds. A client that gave no key
// but repeats what failed means the same job by the same recording and options; its
// first request always makes a new one, and a repeat too where the one before failed
// or was stopped.
func (a *API) createOnce(ctx context.Context, user string, v visit, once jobs.Once) (e index.Entry, again bool, err error) {
	if v.key != "" {
		return a.Jobs.CreateOnce(ctx, user, once)
	}
	once.Key = repeatKey + hex.EncodeToString(once.Fingerprint)
	if v.again {
		e, again, err = a.Jobs.CreateOnce(ctx, user, once)
		if err != nil || !again || !endedWithout(e.Job) {
			return e, again, err
		}
	}
	if err := a.Jobs.Free(ctx, user, once.Key); err != nil {
		return index.Entry{}, false, err
	}
	return a.Jobs.CreateOnce(ctx, user, once)
}

// endedWithout reports whether a job will never have a transcript.
func endedWithout(record *jobv1.Job) bool {
	return job.Terminal(record.GetState()) && record.GetState() != jobv1.State_STATE_COMPLETED
}
