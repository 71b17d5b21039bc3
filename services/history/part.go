package history

import (
	"context"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/host"
)

// Part is the history as a process runs it.
func Part() host.Part {
	cfg, first := DefaultConfig(), firstAccounts{}
	cfg.StoreURL = "" // below the data folder
	flags := func(flags *host.Flags) {
		cfg.RegisterFlags(flags)
		first.registerFlags(flags)
	}
	return host.Part{Name: "history", Needs: host.Bus | host.Blobs, Flags: flags, Start: func(ctx context.Context, h *host.Host) error {
		if cfg.StoreURL == "" {
			cfg.StoreURL = "sqlite:" + h.Path("history.db")
		}
		s, err := New(ctx, cfg, Deps{NC: h.Bus.NC, JS: h.Bus.JS, Blobs: h.Blobs, Log: h.Log, Observe: h.ObserveQuery})
		if err != nil {
			return err
		}
		h.Go("history", s.Run)
		h.Check("history", s.Check)
		h.Check("job feed", func(ctx context.Context) error {
			return h.Bus.CheckConsumer(ctx, bus.StreamJobs, bus.ConsumerHistory)
		})
		s.Register(h.Server())
		first.generate = h.Config.Bus.Embedded()
		return s.ensure(ctx, first, h)
	}}
}
