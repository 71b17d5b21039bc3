package gateway

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/pkg/host"
	"github.com/stenomesh/stenomesh/pkg/roster"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	metricsv1 "github.com/stenomesh/stenomesh/proto/metrics/v1"
)

// Part is the gateway as a process runs it. It prints its address when it serves.
func Part() host.Part {
	cfg := DefaultConfig()
	cfg.KeyFile = "" // below the data folder
	needs := host.Bus | host.Jobs | host.Files | host.Control | host.Blobs
	return host.Part{Name: "gateway", Needs: needs, Flags: cfg.RegisterFlags, Start: func(ctx context.Context, h *host.Host) error {
		if cfg.KeyFile == "" {
			cfg.KeyFile = h.Path("token.key")
		}
		deps, err := dependencies(h)
		if err != nil {
			return err
		}
		s, err := New(cfg, deps)
		if err != nil {
			return err
		}
		h.Go("gateway", s.Run)
		addr, err := s.Addr(ctx)
		if err != nil {
			return nil //nolint:nilerr // asked to stop, or a part failed, which the host tells
		}
		_, err = fmt.Fprintf(h.Out, "Stenomesh serves on http://%s\n", addr)
		return err
	}}
}

func dependencies(h *host.Host) (Deps, error) {
	history, historyErr := h.Conn("history")
	cache, cacheErr := h.Conn("cache")
	metrics, metricsErr := h.Conn("metrics")
	if err := errors.Join(historyErr, cacheErr, metricsErr); err != nil {
		return Deps{}, err
	}
	workers, err := roster.Follow(h.Bus.NC)
	if err != nil {
		return Deps{}, err
	}
	h.OnStop("notes of workers", func() { _ = workers.Close() }) // the bus may have gone already
	return Deps{
		Log: h.Log, NC: h.Bus.NC, Jobs: h.Jobs.Patient(), Files: h.Files.Patient(), Control: h.Control, Blobs: h.Blobs,
		History:  historyv1.NewHistoryServiceClient(history),
		Accounts: accountv1.NewAccountServiceClient(history),
		Secrets:  accountv1.NewWebhookServiceClient(history), Deliveries: historyv1.NewDeliveryServiceClient(history), JS: h.Bus.JS,
		Cache:   cachev1.NewCacheServiceClient(cache),
		Metrics: metricsv1.NewMetricsServiceClient(metrics),
		Catalog: h.Catalog,
		Models:  models{store: catalog.NewStore(filepath.SplitList(h.ModelDirs())...), workers: workers},
		Health:  h.Health,
		Observe: h.ObserveRoute,
	}, nil
}

// models are those on the disk that the mesh shares, and in memory anywhere.
type models struct {
	store   *catalog.Store
	workers *roster.Roster
}

// Installed reports whether the model's file is there.
func (m models) Installed(model catalog.Model) bool { return m.store.Installed(model) }

// Loaded lists the models in memory.
func (m models) Loaded() []string { return m.workers.LoadedModels() }
