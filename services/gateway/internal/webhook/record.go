package webhook

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/fault"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

const (
	recordPause = 500 * time.Millisecond
	recordTime  = 5 * time.Second
	// behindTime is how long the log waits for the row of its job.
	behindTime = time.Minute
)

// record stores what came of a hook, and only then lets it go: a history that has just
// gone is waited for, and the hook is held meanwhile, since it would be sent again.
// When we are to stop it is tried once more.
func (s *Sender) record(ctx context.Context, msg jetstream.Msg, hook *jobv1.Hook, after *historyv1.Delivery, next time.Time) (wait time.Duration, done bool) {
	behind := s.Now().Add(behindTime)
	for {
		_ = msg.InProgress()
		err := s.store(ctx, after)
		switch {
		case err == nil:
			return max(0, next.Sub(s.Now())), after.GetState() != pending
		case fault.Of(err).Code == "job_not_recorded" && s.Now().Before(behind):
		case fault.Permanent(err):
			s.Log.Error("what came of a hook is not logged", "job", hook.GetJobId(), "err", err)
			return max(0, next.Sub(s.Now())), after.GetState() != pending
		}
		select {
		case <-ctx.Done():
			s.Log.Warn("hook may be sent again: what came of it is not logged", "job", hook.GetJobId(), "err", err)
			return 0, false
		case <-time.After(recordPause):
		}
	}
}

func (s *Sender) store(ctx context.Context, after *historyv1.Delivery) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	_, err := s.Deliveries.RecordDelivery(ctx, &historyv1.RecordDeliveryRequest{Delivery: after})
	return err
}
