package jobs

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/crash"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
	"github.com/stenomesh/stenomesh/services/gateway/internal/quota"
)

// Order is what a user asks for.
type Order struct {
	Input    *jobv1.Input
	Options  *jobv1.Options
	Warnings []string // for the user
}

// Check checks a request for a job; its error is the user's.
type Check func(ctx context.Context) (Order, error)

// Create accepts a job under a fresh id: when it returns, the job is on disk and
// will not be lost. Exhausted, code "quota_exceeded": the user has too many under
// way, or had too much audio worked on today. Unavailable: too much is under way, code "backlog_full", or
// the bus does not take it now.
func (j *Jobs) Create(ctx context.Context, userID string, check Check) (index.Entry, error) {
	order, err := check(ctx)
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
	return j.accept(ctx, userID, id, order)
}

func newID() (string, error) {
	id, err := job.NewID()
	if err != nil {
		return "", fmt.Errorf("make task id: %w", err)
	}
	return id, nil
}

// admit holds a place for a job among those that a user may have under way, until
// release is called or the index has the job.
func (j *Jobs) admit(ctx context.Context, userID, id string) (release func(), err error) {
	if err := j.Quota.CheckAudio(ctx); err != nil {
		return nil, err
	}
	if most := j.Quota.MostJobs(ctx); !j.Index.Reserve(userID, id, most) {
		return nil, quota.Exceeded(quota.Jobs, fmt.Sprintf("You have %d tasks under way; wait until some are done.", most))
	}
	release = func() { j.Index.Release(userID, id) }
	if err := j.Room.Check(ctx); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// accept stores the record. Conflict: there is or was a job of that id.
func (j *Jobs) accept(ctx context.Context, userID, id string, order Order) (index.Entry, error) {
	record := &jobv1.Job{
		Id: id, UserId: userID, State: jobv1.State_STATE_QUEUED, Attempt: 1,
		Options: order.Options, Input: order.Input, Warnings: order.Warnings,
		CreatedAt: timestamppb.New(j.Now()),
	}
	crash.Point(crash.BeforeAccept)
	revision, err := j.Store.Create(ctx, record)
	if err != nil {
		return index.Entry{}, err
	}
	crash.Point(crash.AfterAccept)
	j.Index.Put(record, revision)
	return index.Entry{Job: record, Revision: revision}, nil
}
