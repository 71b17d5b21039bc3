package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/health"
	"github.com/stenomesh/stenomesh/pkg/lifecycle"
	"github.com/stenomesh/stenomesh/pkg/rpc"
	"github.com/stenomesh/stenomesh/pkg/telemetry"
)

// Run runs parts as one process called name until ctx ends or one of them fails.
// They start in their order and stop in reverse. What a person should read goes
// to out, the log to logTo.
func Run(ctx context.Context, cfg Config, name string, parts []Part, out, logTo io.Writer) error {
	log, err := telemetry.NewLogger(logTo, cfg.LogFormat, cfg.LogLevel)
	if err != nil {
		return err
	}
	if cfg.Data, err = filepath.Abs(cfg.Data); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	h := &Host{
		Config: cfg, Name: name, Log: log, Out: out, Health: health.New(log),
		stack: lifecycle.NewStack(log), parts: map[string]bool{}, inside: rpc.NewInProcess(log),
	}
	for _, p := range parts {
		h.parts[p.Name] = true
	}
	defer h.stack.Stop()
	if err := h.start(ctx, parts); err != nil {
		if ctx.Err() != nil {
			return nil // asked to stop while it started
		}
		return err
	}
	err = h.stack.Wait(ctx)
	h.drain()
	return err
}

// start is one straight line: what stands below is used by what stands above.
func (h *Host) start(ctx context.Context, parts []Part) (err error) {
	started := h.startedCheck()
	if err := h.serveOps(ctx); err != nil {
		return err
	}
	if h.Catalog, err = loadCatalog(h.Config.Catalog); err != nil {
		return err
	}
	if h.Config.RPC.Addr != "" {
		if h.server, err = rpc.Listen(ctx, h.Config.RPC, h.Log); err != nil {
			return err
		}
	}
	ctx, cancel := h.stack.UntilFailure(ctx)
	defer cancel()
	if err := h.open(ctx, needsOf(parts)); err != nil {
		return err
	}
	for _, p := range parts {
		if err := p.Start(ctx, h); err != nil {
			return fmt.Errorf("start %s: %w", p.Name, err)
		}
	}
	if h.server != nil {
		h.stack.Go("rpc", h.server.Run)
	}
	started.Store(true)
	return nil
}

// startedCheck keeps readiness red until all parts run.
func (h *Host) startedCheck() *atomic.Bool {
	started := &atomic.Bool{}
	h.Check("start", func(context.Context) error {
		if !started.Load() {
			return fault.New(fault.Unavailable, "starting", "The process is still starting.")
		}
		return nil
	})
	return started
}

// drain leaves balancers time to notice that this process takes no more work.
func (h *Host) drain() {
	h.Health.Drain()
	if h.server != nil {
		h.server.SetServing(false)
	}
	time.Sleep(h.Config.Drain)
}

func loadCatalog(path string) (*catalog.Catalog, error) {
	if path == "" {
		return catalog.Default()
	}
	return catalog.Load(path)
}

func needsOf(parts []Part) (needs Needs) {
	for _, p := range parts {
		needs |= p.Needs
	}
	return needs
}

// open gets what the parts need.
func (h *Host) open(ctx context.Context, needs Needs) error {
	if needs&Blobs != 0 {
		if err := h.openBlobs(); err != nil {
			return err
		}
	}
	if needs&Bus == 0 {
		return nil
	}
	if err := h.openBus(ctx); err != nil {
		return err
	}
	h.recorder = telemetry.NewRecorder(h.Instance(), telemetry.Publisher(h.Bus.NC, h.Name), h.Log)
	h.stack.OnStop("recorder", h.recorder.Close)
	return h.openRecords(ctx, needs)
}

func (h *Host) openBlobs() (err error) {
	folder := h.Config.Blobs
	if folder == "" {
		folder = h.Path("blobs")
	}
	if h.Blobs, err = blob.NewDisk(folder); err != nil {
		return err
	}
	h.Check("blobs", h.Blobs.Check)
	if h.Config.Bus.Embedded() {
		// Nobody else writes, and nobody here yet: temporary files are what a killed
		// process left.
		_, err = h.Blobs.SweepTemp(time.Now())
	}
	return err
}

// errAlone is returned for a part of a mesh that has no bus to meet the others on.
var errAlone = errors.New("this runs a part of the mesh: -bus.url must say where the bus is")
