package dispatcher

import (
	"context"
	"errors"

	"github.com/stenomesh/stenomesh/pkg/host"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
)

// Part is the dispatcher as a process runs it.
func Part() host.Part {
	cfg := DefaultConfig()
	needs := host.Bus | host.Jobs | host.Files | host.Blobs
	return host.Part{Name: "dispatcher", Needs: needs, Flags: cfg.RegisterFlags, Start: func(_ context.Context, h *host.Host) error {
		history, historyErr := h.Conn("history")
		cache, cacheErr := h.Conn("cache")
		if err := errors.Join(historyErr, cacheErr); err != nil {
			return err
		}
		s, err := New(cfg, Deps{
			Bus: h.Bus, Jobs: h.Jobs, Files: h.Files, Blobs: h.Blobs,
			History: historyv1.NewHistoryServiceClient(history), Cache: cachev1.NewCacheServiceClient(cache), Log: h.Log,
		})
		if err != nil {
			return err
		}
		h.Go("dispatcher", s.Run)
		h.Check("dispatcher", s.Check)
		return nil
	}}
}
