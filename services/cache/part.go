package cache

import (
	"context"

	"github.com/stenomesh/stenomesh/pkg/host"
)

// Part is the cache as a process runs it.
func Part() host.Part {
	cfg := DefaultConfig()
	return host.Part{Name: "cache", Flags: cfg.RegisterFlags, Start: func(_ context.Context, h *host.Host) error {
		s, err := New(cfg, h.Log)
		if err != nil {
			return err
		}
		s.Register(h.Server())
		h.Go("cache", s.Run)
		h.Check("cache", s.Check)
		return nil
	}}
}
