package metrics

import (
	"context"

	"github.com/stenomesh/stenomesh/pkg/host"
)

// Part is the metrics sidecar as a process runs it.
func Part() host.Part {
	cfg := DefaultConfig()
	return host.Part{Name: "metrics", Needs: host.Bus | host.Jobs, Flags: cfg.RegisterFlags, Start: func(_ context.Context, h *host.Host) error {
		s, err := New(cfg, Deps{NC: h.Bus.NC, Jobs: h.Jobs, Log: h.Log})
		if err != nil {
			return err
		}
		s.Register(h.Server())
		h.Go("metrics", s.Run)
		return nil
	}}
}
