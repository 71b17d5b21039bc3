// Package mesh is all services in one process: the composition root.
//
//	             ┌─ gateway ─────────┐ HTTP
//	             │   │ in-process gRPC (rpc.InProcess)
//	             │   ├──────────► history   SQLite: jobs, transcripts, accounts
//	             │   ├──────────► cache     otter
//	             │   └──────────► metrics   rolling windows
//	             ▼                  ▲ job feed, obs.v1.>
//	bus (embedded NATS): JOBS, FILES, TASKS, DLQ, PROGRESS
//	    ▲ tasks ▲              ▲ tasks
//	dispatcher  preprocess     transcriber ── whisper-engine child processes
//	             │ ffmpeg        │
//	             └── blob store ─┘  (folder; also gateway, dispatcher, history)
//
// Parts start from the bottom up and stop from the top down, so that whoever
// uses a part ends first.
package mesh

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/lifecycle"
	"github.com/stenomesh/stenomesh/pkg/rpc"
	"github.com/stenomesh/stenomesh/pkg/telemetry"
	"github.com/stenomesh/stenomesh/services/gateway"
)

// Run serves until ctx ends or a part fails. What a person should read goes to
// out, the log to logTo.
func Run(ctx context.Context, cfg Config, out, logTo io.Writer) error {
	log, err := telemetry.NewLogger(logTo, cfg.LogFormat, cfg.LogLevel)
	if err != nil {
		return err
	}
	if err := cfg.placeBelowData(); err != nil {
		return err
	}
	stack := lifecycle.NewStack(log)
	defer stack.Stop()
	m := &mesh{cfg: cfg, log: log, stack: stack, out: out}
	if err := m.start(ctx); err != nil {
		return err
	}
	return stack.Wait(ctx)
}

// mesh is what the parts share while they are wired together.
type mesh struct {
	cfg   Config
	log   *slog.Logger
	stack *lifecycle.Stack
	out   io.Writer

	bus      *bus.Bus
	blobs    *blob.Disk
	jobs     *job.Store
	files    *job.Files
	control  *job.Control
	catalog  *catalog.Catalog
	conn     *rpc.InProcess
	recorder *telemetry.Recorder
	checks   []gateway.Check // of all parts, for readiness
}

// check adds a part to what readiness asks.
func (m *mesh) check(name string, run func(context.Context) error) {
	m.checks = append(m.checks, gateway.Check{Name: name, Run: run})
}

// start is one straight line: what stands below is used by what stands above.
func (m *mesh) start(ctx context.Context) error {
	if err := m.lockData(); err != nil {
		return err
	}
	if err := m.loadCatalog(); err != nil {
		return err
	}
	if err := m.startBus(ctx); err != nil {
		return err
	}
	if err := m.openStores(ctx); err != nil {
		return err
	}
	m.conn = rpc.NewInProcess(m.log)
	m.startRecorder()
	if err := m.startRecordKeepers(ctx); err != nil {
		return err
	}
	if err := m.ensureUsers(ctx); err != nil {
		return err
	}
	transcriber, err := m.startWorkers(ctx)
	if err != nil {
		return err
	}
	return m.startGateway(ctx, transcriber)
}

func (m *mesh) loadCatalog() (err error) {
	if m.cfg.Catalog == "" {
		m.catalog, err = catalog.Default()
	} else {
		m.catalog, err = catalog.Load(m.cfg.Catalog)
	}
	return err
}

// startBus starts the server, frees what a killed process was working on, and
// makes the streams.
func (m *mesh) startBus(ctx context.Context) error {
	embedded, err := bus.StartEmbedded(filepath.Join(m.cfg.Data, "bus"), m.log)
	if err != nil {
		return err
	}
	m.check("bus", func(context.Context) error { return embedded.Check() })
	m.stack.OnStop("bus", embedded.Stop)
	if m.bus, err = embedded.Connect("mesh", m.log); err != nil {
		return err
	}
	m.stack.OnStop("bus connection", m.bus.Close)
	if err := bus.ReleaseLeases(ctx, m.bus.JS); err != nil {
		return err
	}
	var models []string
	for _, model := range m.catalog.Models() {
		models = append(models, model.Name)
	}
	if err := bus.Provision(ctx, m.bus.JS, bus.EmbeddedLayout(models)); err != nil {
		return err
	}
	if m.cfg.Ready != nil {
		m.cfg.Ready(m.bus)
	}
	return nil
}

func (m *mesh) openStores(ctx context.Context) (err error) {
	if m.blobs, err = blob.NewDisk(filepath.Join(m.cfg.Data, "blobs")); err != nil {
		return err
	}
	m.check("blobs", m.blobs.Check)
	// Nobody writes yet: temporary files are what a killed process left.
	if _, err = m.blobs.SweepTemp(time.Now()); err != nil {
		return err
	}
	if m.jobs, err = job.Open(ctx, m.bus.JS); err != nil {
		return err
	}
	if m.files, err = job.OpenFiles(ctx, m.bus.JS); err != nil {
		return err
	}
	if m.control, err = job.NewControl(m.bus.NC); err != nil {
		return err
	}
	m.stack.OnStop("cancellations", func() { _ = m.control.Close() })
	return nil
}

func (m *mesh) startRecorder() {
	source := fmt.Sprintf("mesh-%d", os.Getpid())
	m.recorder = telemetry.NewRecorder(source, telemetry.Publisher(m.bus.NC, "mesh"), m.log)
	m.stack.OnStop("recorder", m.recorder.Close)
}
