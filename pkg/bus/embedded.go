package bus

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
)

// Embedded is a NATS server inside this process. It listens on no port.
type Embedded struct {
	server *server.Server
}

// embeddedConfig is given as text because options built by hand miss defaults
// that the parser sets. sync_interval: always makes an acknowledged write
// survive a power cut; by default the server syncs every two minutes.
const embeddedConfig = `
server_name: stenomesh
max_payload: 1MB
write_deadline: "10s"
jetstream {
  store_dir: %q
  sync_interval: always
  max_memory_store: 256MB
  max_file_store: 16GB
}
`

// StartEmbedded starts a server that keeps its streams below dir. The folder
// belongs to one server at a time.
func StartEmbedded(dir string, log *slog.Logger) (*Embedded, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("start bus: %w", err)
	}
	opts, err := embeddedOptions(dir)
	if err != nil {
		return nil, fmt.Errorf("start bus: %w", err)
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("start bus: %w", err)
	}
	s.SetLoggerV2(serverLog{log}, false, false, false)
	s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		s.Shutdown()
		return nil, errors.New("start bus: the server is not ready after 30 s")
	}
	return &Embedded{server: s}, nil
}

func embeddedOptions(dir string) (*server.Options, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	opts := &server.Options{}
	if err := opts.ProcessConfigString(fmt.Sprintf(embeddedConfig, dir)); err != nil {
		return nil, err
	}
	opts.DontListen = true
	opts.NoSigs = true // else the library exits the process on a signal
	return opts, nil
}

// Connect opens a connection to the embedded server.
func (e *Embedded) Connect(name string, log *slog.Logger) (*Bus, error) {
	return Connect(name, nats.DefaultURL, log, nats.InProcessServer(e.server))
}

// Check reports whether the server can still write: after an error of its disk it
// answers, but takes nothing more for that stream until it is started again. The
// error is Unavailable.
func (e *Embedded) Check() error {
	if health := e.server.Healthz(&server.HealthzOptions{}); health.Status != "ok" {
		return fault.Wrap(fmt.Errorf("bus is %s: %s", health.Status, health.Error), fault.Unavailable,
			job.CodeBusAway, "The bus does not work; after an error of its disk it takes nothing more until it is started again.")
	}
	return nil
}

// Stop shuts the server down and waits until its files are closed.
func (e *Embedded) Stop() {
	e.server.Shutdown()
	e.server.WaitForShutdown()
}

// serverLog passes the server's log on: its notices are our debug lines.
type serverLog struct{ log *slog.Logger }

func (l serverLog) Noticef(format string, v ...any) { l.log.Debug("nats", "text", line(format, v)) }
func (l serverLog) Warnf(format string, v ...any)   { l.log.Warn("nats", "text", line(format, v)) }
func (l serverLog) Errorf(format string, v ...any)  { l.log.Error("nats", "text", line(format, v)) }
func (l serverLog) Fatalf(format string, v ...any)  { l.log.Error("nats", "text", line(format, v)) }
func (l serverLog) Debugf(string, ...any)           {}
func (l serverLog) Tracef(string, ...any)           {}

func line(format string, v []any) string {
	return strings.TrimSpace(fmt.Sprintf(format, v...))
}
