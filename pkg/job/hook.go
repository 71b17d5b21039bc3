package job

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// HookStream is the queue of hooks: who has to be told that a job has ended.
const HookStream = "HOOKS"

// AllHooks matches every hook, AllHooksAgain those that users asked for once more.
const (
	AllHooks      = "hooks.v1.>"
	AllHooksAgain = "hooks.v1.*.*.*.*.again"
)

// hookEvents are the states that somebody is told of. A deletion is not: whoever
// deletes a job wants to hear no more of it.
var hookEvents = map[jobv1.State]string{
	jobv1.State_STATE_COMPLETED: "completed",
	jobv1.State_STATE_FAILED:    "failed",
	jobv1.State_STATE_CANCELLED: "cancelled",
}

// HookEvent names what a hook tells: "completed", "failed" or "cancelled".
func HookEvent(state jobv1.State) string { return hookEvents[state] }

// HookState is the state of an event; STATE_UNSPECIFIED: there is no such event.
func HookState(event string) jobv1.State {
	for state, name := range hookEvents {
		if name == event {
			return state
		}
	}
	return jobv1.State_STATE_UNSPECIFIED
}

// HookID is the webhook-id of a hook: receivers tell by it what they have had. It has
// no full stop, which parts the fields of what is signed.
func HookID(hook *jobv1.Hook) string {
	return fmt.Sprintf("%s_%d_%s", hook.GetJobId(), hook.GetAttempt(), HookEvent(hook.GetState()))
}

func hookSubject(hook *jobv1.Hook) string {
	subject := fmt.Sprintf("hooks.v1.%s.%s.%d.%s", Token(hook.GetUserId()), hook.GetJobId(), hook.GetAttempt(), HookEvent(hook.GetState()))
	if hook.GetAgain() {
		subject += ".again"
	}
	return subject
}

// Hooks are those that a record calls for: of its own end, and of that of the attempt
// before, which may have been written over before anybody read it.
func Hooks(record *jobv1.Job, now time.Time) (hooks []*jobv1.Hook) {
	url := record.GetOptions().GetCallbackUrl()
	add := func(attempt uint32, state jobv1.State, ended *timestamppb.Timestamp) {
		if url != "" && HookEvent(state) != "" {
			hooks = append(hooks, &jobv1.Hook{
				JobId: record.GetId(), UserId: record.GetUserId(), Attempt: attempt, State: state, Url: url,
				EndedAt: ended, QueuedAt: timestamppb.New(now),
			})
		}
	}
	add(record.GetAttempt()-1, record.GetBefore().GetState(), record.GetBefore().GetFinishedAt())
	add(record.GetAttempt(), record.GetState(), record.GetFinishedAt())
	return hooks
}

// noteEnd keeps in the record of a new attempt how the one before ended.
func noteEnd(before, after *jobv1.Job) {
	if after.GetAttempt() > before.GetAttempt() {
		after.Before = &jobv1.Ended{State: before.GetState(), FinishedAt: before.GetFinishedAt()}
	}
}

// QueueHook queues a hook: when it returns, the hook is on disk. It is no error when
// it is there already. Unavailable: the bus does not take it now, or the queue is full.
func (s *Store) QueueHook(ctx context.Context, hook *jobv1.Hook) error {
	data, err := proto.Marshal(hook)
	if err != nil {
		return fmt.Errorf("encode hook of %s: %w", hook.GetJobId(), err)
	}
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	var options []jetstream.PublishOpt
	if !hook.GetAgain() {
		options = append(options, jetstream.WithMsgID(HookID(hook)))
	}
	_, err = s.js.Publish(ctx, hookSubject(hook), data, options...)
	if isQueued(err) {
		return nil
	}
	if err != nil {
		return busFault(fmt.Errorf("queue hook of %s: %w", hook.GetJobId(), err))
	}
	return nil
}

// PurgeHooks removes the queued hooks of a job.
func (s *Store) PurgeHooks(ctx context.Context, id string) error {
	return s.purgeSubject(ctx, HookStream, "hooks.v1.*."+id+".>")
}

// streamRefuses is what a server says when there are too many messages, of a subject
// or altogether (JSStreamStoreFailedF of the server); only the description differs.
const streamRefuses jetstream.ErrorCode = 10077

func isQueued(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == streamRefuses && strings.Contains(api.Description, "per subject")
}
