// Package bus is the mesh's nervous system: NATS with JetStream. It connects,
// starts a server inside the process when there is none outside, and holds the
// one table of streams and consumers, and that of who may do what on a server
// that many processes share. What travels on it is described in packages job and
// work.
package bus

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
)

// Bus is one connection to NATS. Its handles may be used by all goroutines.
type Bus struct {
	NC *nats.Conn
	JS jetstream.JetStream

	trust *trust
}

// Connect opens a connection that is kept up for ever: it waits for a server
// that is not there yet, and comes back after a break. name is the service; it
// also keeps others from reading our replies. extra options come last.
func Connect(name, url string, log *slog.Logger, extra ...nats.Option) (*Bus, error) {
	trust := newTrust(name, log)
	nc, err := nats.Connect(url, append(options(name, log, trust), extra...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to bus: %w", err)
	}
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(5*time.Second))
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("connect to bus: %w", err)
	}
	return &Bus{NC: nc, JS: js, trust: trust}, nil
}

// Close drains what is under way and closes the connection.
func (b *Bus) Close() {
	closed := make(chan struct{})
	b.NC.SetClosedHandler(func(*nats.Conn) { close(closed) })
	if b.NC.Drain() != nil {
		b.NC.Close()
		return
	}
	select {
	case <-closed:
	case <-time.After(5 * time.Second): // the server is away: nothing to drain to
		b.NC.Close()
	}
}

// Check reports whether there is a connection, without asking the server anything
// (CheckConsumer does); the error is Unavailable, with the code bus_denied when the
// server does not let us in, or lately denied us a subject.
func (b *Bus) Check() error {
	status := b.NC.Status()
	if status != nats.CONNECTED {
		b.trust.failed(b.NC.LastError()) // before the first connection nobody else hears of it
	}
	if err := b.trust.check(); err != nil {
		return err
	}
	if status != nats.CONNECTED {
		return fault.Wrap(fmt.Errorf("bus is %s", status), fault.Unavailable,
			job.CodeBusAway, "There is no connection to the bus.")
	}
	return nil
}

// options differ from the library's defaults where those would give up
// (reconnects, also when the key is refused twice: it may be put back), hide a dead
// peer for minutes (pings) or send later what we already reported as failed (the
// reconnect buffer).
func options(name string, log *slog.Logger, trust *trust) []nats.Option {
	return []nats.Option{
		nats.Name(name),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectJitter(100*time.Millisecond, 100*time.Millisecond),
		nats.RetryOnFailedConnect(true),
		nats.IgnoreAuthErrorAbort(),
		nats.ReconnectBufSize(-1),
		nats.PingInterval(10 * time.Second),
		nats.MaxPingsOutstanding(2),
		nats.CustomInboxPrefix(inbox(name)),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { trust.heard(err) }),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { trust.failed(err) }),
		nats.ConnectHandler(func(*nats.Conn) { trust.admitted() }),
		nats.DisconnectErrHandler(func(nc *nats.Conn, err error) {
			if !nc.IsClosed() && !errors.Is(err, nats.ErrConnectionClosed) && err != nil {
				log.Warn("bus connection lost", "err", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) {
			trust.admitted()
			log.Info("bus connection is back")
		}),
	}
}
