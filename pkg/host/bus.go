package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
)

// reopen is how long to wait for a bus, or for its streams, before the next look.
const reopen = time.Second

// openBus starts the server inside this process, or connects to one elsewhere.
func (h *Host) openBus(ctx context.Context) (err error) {
	if h.Config.Bus.Embedded() {
		err = h.startBus()
	} else {
		h.Bus, err = bus.Open(ctx, h.Config.Bus, h.Name, h.Log)
	}
	if err != nil {
		return err
	}
	h.stack.OnStop("bus connection", h.Bus.Close)
	h.Check("bus", func(context.Context) error { return h.Bus.Check() })
	if h.Config.Bus.Embedded() {
		if err := h.makeStreams(ctx); err != nil {
			return err
		}
	}
	if h.Config.Ready != nil {
		h.Config.Ready(h.Bus)
	}
	return nil
}

func (h *Host) startBus() error {
	if err := h.lockData(); err != nil {
		return err
	}
	embedded, err := bus.StartEmbedded(h.Path("bus"), h.Log)
	if err != nil {
		return err
	}
	h.stack.OnStop("bus", embedded.Stop)
	h.Check("bus server", func(context.Context) error { return embedded.Check() })
	h.Bus, err = embedded.Connect(h.Name, h.Log)
	return err
}

// makeStreams frees what a killed process was working on, and makes the streams.
func (h *Host) makeStreams(ctx context.Context) error {
	if err := bus.ReleaseLeases(ctx, h.Bus.JS); err != nil {
		return err
	}
	return bus.Provision(ctx, h.Bus.JS, bus.EmbeddedLayout(h.Catalog.Names()))
}

// lockData makes sure that no other process uses the data folder: two servers
// over one set of streams would destroy them. The kernel frees the lock when
// the process ends, however it ends.
func (h *Host) lockData() error {
	if err := os.MkdirAll(h.Config.Data, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(h.Config.Data, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock data folder: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		_ = file.Close()
		return fmt.Errorf("another stenomesh uses %s: stop it, or give this one its own -data", h.Config.Data)
	}
	if err != nil {
		_ = file.Close()
		return fmt.Errorf("lock data folder: %w", err)
	}
	h.stack.OnStop("data lock", func() { _ = file.Close() })
	return nil
}

// openRecords binds to the buckets. Elsewhere they may not be there yet: services
// start in any order.
func (h *Host) openRecords(ctx context.Context, needs Needs) error {
	for {
		err := h.bind(ctx, needs)
		if err == nil {
			break
		}
		if ctx.Err() != nil || h.Config.Bus.Embedded() {
			return err
		}
		h.Log.Warn("bus is not ready, waiting for it", "err", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(reopen):
		}
	}
	if needs&Jobs != 0 {
		h.Check("bus writes", h.Jobs.Check)
	}
	if needs&Control == 0 {
		return nil
	}
	control, err := job.NewControl(h.Bus.NC)
	if err != nil {
		return err
	}
	h.Control = control
	h.stack.OnStop("cancellations", func() { _ = control.Close() })
	return nil
}

func (h *Host) bind(ctx context.Context, needs Needs) (err error) {
	if needs&Jobs != 0 {
		if h.Jobs, err = job.Open(ctx, h.Bus.JS); err != nil {
			return err
		}
	}
	if needs&Files != 0 {
		h.Files, err = job.OpenFiles(ctx, h.Bus.JS)
	}
	return err
}
