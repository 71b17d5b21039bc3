// Package bus is the mesh's nervous system: NATS with JetStream. It connects,
// starts a server inside the process when there is none outside, and holds the
// one table of streams and consumers. What travels on it is described in
// packages job and work.
package bus

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// Bus is one connection to NATS. Its handles may be used by all goroutines.
type Bus struct {
	NC *nats.Conn
	JS jetstream.JetStream
}

// Connect opens a connection that is kept up for ever: it waits for a server
// that is not there yet, and comes back after a break. name is the service; it
// also keeps others from reading our replies. extra options come last.
func Connect(name, url string, log *slog.Logger, extra ...nats.Option) (*Bus, error) {
	nc, err := nats.Connect(url, append(options(name, log), extra...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to bus: %w", err)
	}
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(5*time.Second))
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("connect to bus: %w", err)
	}
	return &Bus{NC: nc, JS: js}, nil
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
// (CheckConsumer does); the error is Unavailable.
func (b *Bus) Check() error {
	if status := b.NC.Status(); status != nats.CONNECTED {
		return fault.Wrap(fmt.Errorf("bus is %s", status), fault.Unavailable,
			"bus_unavailable", "There is no connection to the bus.")
	}
	return nil
}

// options differ from the library's defaults where those would give up
// (reconnects), hide a dead peer for minutes (pings) or send later what we
// already reported as failed (the reconnect buffer).
func options(name string, log *slog.Logger) []nats.Option {
	return []nats.Option{
		nats.Name(name),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectJitter(100*time.Millisecond, 100*time.Millisecond),
		nats.RetryOnFailedConnect(true),
		nats.ReconnectBufSize(-1),
		nats.PingInterval(10 * time.Second),
		nats.MaxPingsOutstanding(2),
		nats.CustomInboxPrefix("_INBOX_" + name),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			log.Warn("bus error", "err", err)
		}),
		nats.DisconnectErrHandler(func(nc *nats.Conn, err error) {
			if !nc.IsClosed() && !errors.Is(err, nats.ErrConnectionClosed) && err != nil {
				log.Warn("bus connection lost", "err", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { log.Info("bus connection is back") }),
	}
}
