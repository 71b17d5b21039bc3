package mesh

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/stenomesh/stenomesh/pkg/catalog"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	metricsv1 "github.com/stenomesh/stenomesh/proto/metrics/v1"
	"github.com/stenomesh/stenomesh/services/cache"
	"github.com/stenomesh/stenomesh/services/dispatcher"
	"github.com/stenomesh/stenomesh/services/gateway"
	"github.com/stenomesh/stenomesh/services/history"
	"github.com/stenomesh/stenomesh/services/metrics"
	"github.com/stenomesh/stenomesh/services/preprocess"
	"github.com/stenomesh/stenomesh/services/transcriber"
)

// startRecordKeepers starts the services that others ask.
func (m *mesh) startRecordKeepers(ctx context.Context) error {
	h, err := history.New(ctx, m.cfg.History, history.Deps{
		JS: m.bus.JS, Blobs: m.blobs, Log: m.log,
		Observe: func(query string, took time.Duration) {
			m.recorder.Observe(metricsv1.Kind_KIND_QUERY, query, took, false)
		},
	})
	if err != nil {
		return err
	}
	h.Register(m.conn)
	m.stack.Go("history", h.Run)
	m.check("history", h.Check)
	c, err := cache.New(m.cfg.Cache)
	if err != nil {
		return err
	}
	c.Register(m.conn)
	m.stack.Go("cache", c.Run)
	m.check("cache", c.Check)
	s, err := metrics.New(m.cfg.Metrics, metrics.Deps{NC: m.bus.NC, Jobs: m.jobs, Log: m.log})
	if err != nil {
		return err
	}
	s.Register(m.conn)
	m.stack.Go("metrics", s.Run)
	return nil
}

// startWorkers starts the services that do jobs.
func (m *mesh) startWorkers(ctx context.Context) (*transcriber.Service, error) {
	t, err := transcriber.New(m.cfg.Transcriber, transcriber.Deps{
		Bus: m.bus, Jobs: m.jobs, Blobs: m.blobs, Catalog: m.catalog, Log: m.log, Observe: m.observeStage,
	})
	if err != nil {
		return nil, err
	}
	m.stack.Go("transcriber", t.Run)
	m.check("transcriber", t.Check)
	p, err := preprocess.New(ctx, m.cfg.Preprocess, preprocess.Deps{
		Bus: m.bus, Jobs: m.jobs, Blobs: m.blobs, Log: m.log, Observe: m.observeStage,
	})
	if err != nil {
		return nil, err
	}
	m.stack.Go("preprocess", p.Run)
	m.check("preprocess", p.Check)
	d, err := dispatcher.New(m.cfg.Dispatcher, dispatcher.Deps{
		Bus: m.bus, Jobs: m.jobs, Files: m.files, Blobs: m.blobs,
		History: historyv1.NewHistoryServiceClient(m.conn), Log: m.log,
	})
	if err != nil {
		return nil, err
	}
	m.stack.Go("dispatcher", d.Run)
	m.check("dispatcher", d.Check)
	return t, nil
}

func (m *mesh) observeStage(name string, took time.Duration, failed bool) {
	m.recorder.Observe(metricsv1.Kind_KIND_STAGE, name, took, failed)
}

// startGateway opens the door last, when all behind it is up.
func (m *mesh) startGateway(ctx context.Context, t *transcriber.Service) error {
	g, err := gateway.New(m.cfg.Gateway, gateway.Deps{
		Log: m.log, NC: m.bus.NC, Jobs: m.jobs, Files: m.files, Control: m.control, Blobs: m.blobs,
		History:  historyv1.NewHistoryServiceClient(m.conn),
		Accounts: accountv1.NewAccountServiceClient(m.conn),
		Cache:    cachev1.NewCacheServiceClient(m.conn),
		Metrics:  metricsv1.NewMetricsServiceClient(m.conn),
		Catalog:  m.catalog,
		Models:   models{store: catalog.NewStore(filepath.SplitList(m.cfg.Transcriber.ModelDirs)...), transcriber: t},
		Checks:   m.checks,
		Observe: func(route string, took time.Duration, failed bool) {
			m.recorder.Observe(metricsv1.Kind_KIND_ROUTE, route, took, failed)
		},
	})
	if err != nil {
		return err
	}
	m.stack.Go("gateway", g.Run)
	ctx, cancel := m.stack.UntilFailure(ctx)
	defer cancel()
	addr, err := g.Addr(ctx)
	if err != nil {
		return nil //nolint:nilerr // asked to stop, or a part failed: Wait tells which
	}
	_, err = fmt.Fprintf(m.out, "Stenomesh serves on http://%s\n", addr)
	return err
}

// models tells the gateway what the transcriber in this process can run.
type models struct {
	store       *catalog.Store
	transcriber *transcriber.Service
}

func (m models) Installed(model catalog.Model) bool { return m.store.Installed(model) }

func (m models) Loaded() []string { return m.transcriber.Loaded() }
