package jobs

import (
	"bytes"
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/crash"
	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
)

// Once is a request that may come several times and makes one job.
type Once struct {
	Key         string // the user's, any text
	Fingerprint []byte // SHA-256 of the request
	Check       Check  // called only when the job has to be made
}

// Free lets a user's key stand for another job, whatever it stood for.
func (j *Jobs) Free(ctx context.Context, userID, key string) error {
	_, revision, err := j.Store.Claimed(ctx, userID, key)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil
	case err != nil:
		return err
	}
	return j.Store.Disclaim(ctx, userID, key, revision)
}

// finishTime is how long whoever claimed a key may still be at its job, by far. A
// claim that is older and has no job is of one that died, or its job was deleted.
const finishTime = 10 * time.Minute

// CreateOnce is Create by the first of all requests with a user's key; the others,
// for a day and on any replica, get the same job. Unprocessable: the key was used for
// another request, code "idempotency_key_reused".
//
// The claim of the key names the job before there is one. Who comes upon such a claim
// makes the job in the other's place, under the same id, so that both make one. When
// that job was deleted, the next request makes a new one.
func (j *Jobs) CreateOnce(ctx context.Context, userID string, once Once) (e index.Entry, again bool, err error) {
	err = errAgain
	for errors.Is(err, errAgain) {
		var claim *jobv1.Claim
		var revision uint64
		claim, revision, err = j.Store.Claimed(ctx, userID, once.Key)
		switch {
		case fault.Is(err, fault.NotFound):
			again = false
			e, err = j.first(ctx, userID, once)
		case err == nil:
			again = true
			e, err = j.repeat(ctx, userID, once, claim, revision)
		}
	}
	return e, again, err
}

// errAgain is returned when the claim has changed meanwhile and is to be looked at anew.
var errAgain = errors.New("claim has changed")

// first claims the key and makes the job. It is admitted before that: a refusal leaves
// no claim.
func (j *Jobs) first(ctx context.Context, userID string, once Once) (index.Entry, error) {
	order, err := once.Check(ctx)
	if err != nil {
		return index.Entry{}, err
	}
	id, err := newID()
	if err != nil {
		return index.Entry{}, err
	}
	release, err := j.admit(ctx, userID, id)
	if err != nil {
		return index.Entry{}, err
	}
	defer release()
	mine := &jobv1.Claim{JobId: id, Fingerprint: once.Fingerprint, ClaimedAt: timestamppb.New(j.Now())}
	holds, _, err := j.Store.Claim(ctx, userID, once.Key, mine)
	if err != nil {
		return index.Entry{}, err
	}
	if holds.GetJobId() != id {
		return index.Entry{}, errAgain
	}
	crash.Point(crash.AfterClaim)
	return j.made(ctx, userID, id, order)
}

// repeat finds the job of a claim, or makes it if whoever claimed it has not.
func (j *Jobs) repeat(ctx context.Context, userID string, once Once, claim *jobv1.Claim, revision uint64) (index.Entry, error) {
	if !bytes.Equal(claim.GetFingerprint(), once.Fingerprint) {
		return index.Entry{}, fault.New(fault.Unprocessable, "idempotency_key_reused",
			"This Idempotency-Key was used for another request; use a new one for each.")
	}
	e, err := j.Find(ctx, userID, claim.GetJobId())
	if !fault.Is(err, fault.NotFound) {
		return e, err
	}
	if j.Now().Sub(claim.GetClaimedAt().AsTime()) > finishTime {
		return index.Entry{}, j.disclaim(ctx, userID, once.Key, revision)
	}
	order, err := once.Check(ctx)
	if err != nil {
		return index.Entry{}, err
	}
	release, err := j.admit(ctx, userID, claim.GetJobId())
	if err != nil {
		return index.Entry{}, err
	}
	defer release()
	e, err = j.made(ctx, userID, claim.GetJobId(), order)
	if fault.Is(err, fault.NotFound) { // it is there and is not: it was deleted
		return index.Entry{}, j.disclaim(ctx, userID, once.Key, revision)
	}
	return e, err
}

// made accepts a job, or finds it when somebody else was faster. NotFound: it was
// made and deleted.
func (j *Jobs) made(ctx context.Context, userID, id string, order Order) (index.Entry, error) {
	e, err := j.accept(ctx, userID, id, order)
	if fault.Is(err, fault.Conflict) {
		return j.Find(ctx, userID, id)
	}
	return e, err
}

// disclaim frees a key for another try.
func (j *Jobs) disclaim(ctx context.Context, userID, key string, revision uint64) error {
	if err := j.Store.Disclaim(ctx, userID, key, revision); err != nil {
		return err
	}
	return errAgain
}
