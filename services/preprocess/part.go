package preprocess

import (
	"context"

	"github.com/stenomesh/stenomesh/pkg/host"
)

// Part is the preprocessor as a process runs it.
func Part() host.Part {
	cfg := DefaultConfig()
	cfg.Scratch = "" // below the data folder
	return host.Part{Name: "preprocess", Needs: host.Bus | host.Jobs | host.Blobs, Flags: cfg.RegisterFlags, Start: func(ctx context.Context, h *host.Host) error {
		if cfg.Scratch == "" {
			cfg.Scratch = h.Path("scratch")
		}
		s, err := New(ctx, cfg, Deps{Bus: h.Bus, Jobs: h.Jobs, Blobs: h.Blobs, Log: h.Log, Observe: h.ObserveStage})
		if err != nil {
			return err
		}
		h.Go("preprocess", s.Run)
		h.Check("preprocess", s.Check)
		return nil
	}}
}
