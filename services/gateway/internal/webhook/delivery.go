package webhook

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/crash"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

const (
	pending   = historyv1.DeliveryState_DELIVERY_STATE_PENDING
	delivered = historyv1.DeliveryState_DELIVERY_STATE_DELIVERED
	failed    = historyv1.DeliveryState_DELIVERY_STATE_FAILED
	stopped   = historyv1.DeliveryState_DELIVERY_STATE_STOPPED
)

// deliver sends a hook if it is wanted and due. done: nothing is left to do; else it
// is to come again after the wait.
func (s *Sender) deliver(ctx context.Context, msg jetstream.Msg, hook *jobv1.Hook) (wait time.Duration, done bool) {
	_ = msg.InProgress() // each step may take as long as half a lease
	switch wanted, err := s.wanted(ctx, hook); {
	case err != nil:
		return s.later(hook, err)
	case !wanted:
		return 0, true
	}
	_ = msg.InProgress()
	before, err := s.tried(ctx, hook)
	if err != nil {
		return s.later(hook, err)
	}
	if wait, done, due := s.due(hook, before); !due {
		return wait, done
	}
	_ = msg.InProgress()
	if err := s.Active(ctx, hook.GetUserId()); fault.Is(err, fault.Unauthenticated) {
		s.Log.Info("hook stopped: its owner is locked", "job", hook.GetJobId(), "user", hook.GetUserId())
		return s.record(ctx, msg, hook, s.outcome(hook, before, nil, stopped), time.Time{})
	} else if err != nil {
		return s.later(hook, err)
	}
	secrets, err := s.secrets(ctx, hook.GetUserId())
	if err != nil {
		return s.later(hook, err)
	}
	_ = msg.InProgress()
	return s.attempt(ctx, msg, hook, before, secrets)
}

// attempt sends a hook once and logs what came of it. It is not broken off when we are
// to stop: it takes seconds, and the receiver would hear of it twice.
func (s *Sender) attempt(ctx context.Context, msg jetstream.Msg, hook *jobv1.Hook, before *historyv1.Delivery, secrets []string) (time.Duration, bool) {
	r, err := s.post(context.WithoutCancel(ctx), hook, secrets)
	if err != nil {
		s.Log.Error("a hook cannot be made", "job", hook.GetJobId(), "err", err)
		return awayPause, false
	}
	crash.Point(crash.AfterHook)
	state, next := s.verdict(hook, before, r)
	after := s.outcome(hook, before, r.attempt, state)
	if state == pending {
		after.NextAt = timestamppb.New(next)
	}
	s.Log.Debug("hook sent", "job", hook.GetJobId(), "status", r.attempt.GetHttpStatus(), "wrong", r.attempt.GetError(), "took_ms", r.attempt.GetDurationMs())
	return s.record(ctx, msg, hook, after, next)
}

// later is for what cannot be asked now.
func (s *Sender) later(hook *jobv1.Hook, err error) (time.Duration, bool) {
	s.Log.Debug("hook waits", "job", hook.GetJobId(), "err", err)
	return awayPause, false
}

// wanted reports whether somebody may still be told: not of a job that is deleted.
func (s *Sender) wanted(ctx context.Context, hook *jobv1.Hook) (bool, error) {
	record, _, err := s.Jobs.Get(ctx, hook.GetJobId())
	if err == nil {
		return record.GetState() != jobv1.State_STATE_DELETED, nil
	}
	if !fault.Is(err, fault.NotFound) {
		return false, err
	}
	_, err = s.History.GetJob(ctx, &historyv1.GetJobRequest{UserId: hook.GetUserId(), JobId: hook.GetJobId()})
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// tried is what was tried before; nil for nothing.
func (s *Sender) tried(ctx context.Context, hook *jobv1.Hook) (*historyv1.Delivery, error) {
	reply, err := s.Deliveries.GetDelivery(ctx, &historyv1.GetDeliveryRequest{UserId: hook.GetUserId(), Id: job.HookID(hook)})
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	return reply.GetDelivery(), err
}

// due reports whether a hook is to be sent now. Of two for the same end the one that
// was queued last counts; one that came to an end is sent again only if a user asks.
func (s *Sender) due(hook *jobv1.Hook, before *historyv1.Delivery) (wait time.Duration, done, due bool) {
	if before == nil {
		return 0, false, true
	}
	newer := queued(hook).Compare(before.GetQueuedAt().AsTime())
	wait = before.GetNextAt().AsTime().Sub(s.Now())
	switch {
	case newer < 0, before.GetState() != pending && (newer == 0 || !hook.GetAgain()):
		return 0, true, false
	case newer == 0 && wait > 0:
		return wait, false, false
	}
	return 0, false, true
}

// queued is when a hook was queued, as the log keeps it.
func queued(hook *jobv1.Hook) time.Time {
	return hook.GetQueuedAt().AsTime().Truncate(time.Microsecond)
}

func (s *Sender) secrets(ctx context.Context, userID string) ([]string, error) {
	reply, err := s.Secrets.GetWebhookSecrets(ctx, &accountv1.GetWebhookSecretsRequest{UserId: userID})
	var secrets []string
	for _, one := range reply.GetSecrets() {
		secrets = append(secrets, one.GetSecret())
	}
	return secrets, err
}

// verdict is how a delivery stands after an attempt, and when the next one is.
func (s *Sender) verdict(hook *jobv1.Hook, before *historyv1.Delivery, r result) (historyv1.DeliveryState, time.Time) {
	switch {
	case r.attempt.GetError() == "":
		return delivered, time.Time{}
	case r.gone:
		return stopped, time.Time{}
	}
	failures, first := 1, r.attempt.GetStartedAt().AsTime()
	for _, earlier := range before.GetAttempts() {
		if at := earlier.GetStartedAt().AsTime(); !at.Before(queued(hook)) {
			failures++
			if at.Before(first) {
				first = at
			}
		}
	}
	next := s.Now().Add(pause(s.Pause, failures, r.retryAfter))
	if next.Sub(first) > giveUp {
		return failed, time.Time{}
	}
	return pending, next
}

// outcome is the log of a hook with one more attempt, or none.
func (s *Sender) outcome(hook *jobv1.Hook, before *historyv1.Delivery, attempt *historyv1.DeliveryAttempt, state historyv1.DeliveryState) *historyv1.Delivery {
	d := &historyv1.Delivery{
		Id: job.HookID(hook), UserId: hook.GetUserId(), JobId: hook.GetJobId(), Attempt: hook.GetAttempt(), Event: job.HookEvent(hook.GetState()),
		Url: hook.GetUrl(), EndedAt: hook.GetEndedAt(), State: state, QueuedAt: timestamppb.New(queued(hook)),
	}
	if before != nil {
		d.EndedAt = before.GetEndedAt()
	}
	if attempt != nil {
		d.Attempts = []*historyv1.DeliveryAttempt{attempt}
	}
	return d
}
