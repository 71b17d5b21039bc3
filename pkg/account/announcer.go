package account

import (
	"context"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
)

// announceAgain is how long to wait before a note is sent again that the bus did not
// take.
const announceAgain = time.Second

// Announcer tells gateways of changes. It is safe for all goroutines.
type Announcer struct {
	nc     *nats.Conn
	log    *slog.Logger
	missed chan struct{} // a note was not sent
}

// NewAnnouncer tells nobody yet what was not told before it: Run does.
func NewAnnouncer(nc *nats.Conn, log *slog.Logger) *Announcer {
	return &Announcer{nc: nc, log: log, missed: make(chan struct{}, 1)}
}

// Announce tells of a change that is stored. It does not wait; what the bus does not
// take now, Run makes good.
func (a *Announcer) Announce(ctx context.Context, change *accountv1.AccountChanged) {
	if err := a.send(change); err != nil {
		a.log.WarnContext(ctx, "change of an account is told later", "user", change.GetUserId(), "err", err)
		select {
		case a.missed <- struct{}{}:
		default: // Run knows
		}
	}
}

func (a *Announcer) send(change *accountv1.AccountChanged) error {
	data, err := proto.Marshal(change)
	if err != nil {
		return err
	}
	return a.nc.Publish(subject, data)
}

// Run tells, until ctx ends, that any account may have changed: at the start, because
// a process before this one may have ended between storing and telling, and after
// notes may have been lost.
func (a *Announcer) Run(ctx context.Context) {
	connected := a.nc.StatusChanged(nats.CONNECTED)
	defer a.nc.RemoveStatusListener(connected)
	for {
		for a.send(anybody()) != nil {
			if !pause(ctx, announceAgain) {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-connected:
		case <-a.missed:
		}
	}
}

func pause(ctx context.Context, d time.Duration) (goOn bool) {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
