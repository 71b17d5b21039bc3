// Package models decides which models are in memory. It knows every model of the
// catalogue, loads one when it is first asked for, keeps as many as it may, and
// unloads the one that was used longest ago when another needs the room.
//
// Below it stand pkg/catalog, which knows the files and vouches for them, and
// package engine, whose Pool is one loaded model. The transcriber's slots hold a
// Lease for as long as they use a model.
package models

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
)

// ErrClosed is returned when the manager was closed.
var ErrClosed = errors.New("model manager is closed")

// Config says what to load, from where and with what.
type Config struct {
	Catalog *catalog.Catalog
	Store   *catalog.Store
	// MaxModels is how many models may be in memory at once; 0: 2.
	MaxModels int
	// Engine is how each model is run; its field Model is set for each.
	Engine engine.Config
	Log    *slog.Logger
}

// Manager holds the loaded models. Its methods may be called by any number of
// goroutines.
type Manager struct {
	cfg  Config
	log  *slog.Logger
	work sync.WaitGroup // loading and unloading under way

	mu      sync.Mutex
	closed  bool
	rooms   map[string]*room // by model name; never more than MaxModels
	changed chan struct{}    // closed and replaced whenever a room may have become free
}

// New returns a manager that has loaded nothing. Whoever makes it calls Close.
func New(cfg Config) (*Manager, error) {
	if cfg.Catalog == nil || cfg.Store == nil {
		return nil, errors.New("models: catalogue and store are required")
	}
	if cfg.MaxModels == 0 {
		cfg.MaxModels = 2
	}
	if cfg.MaxModels < 0 {
		return nil, fmt.Errorf("models: max models is %d", cfg.MaxModels)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Manager{cfg: cfg, log: cfg.Log, rooms: map[string]*room{}, changed: make(chan struct{})}, nil
}

// Acquire lends the model with this name or alias, and loads it if need be; where
// there is no room it unloads the model used longest ago, once none uses it. It
// waits as long as that takes or until ctx ends. However many ask, a model is
// loaded once.
//
// Errors: faults of kind NotFound ("model_not_found", "model_not_installed");
// catalog.ErrChecksum; those of engine.Start; ctx.Err(); ErrClosed.
func (m *Manager) Acquire(ctx context.Context, name string) (*Lease, error) {
	model, err := m.cfg.Catalog.Find(name)
	if err != nil {
		return nil, err
	}
	if _, err := m.cfg.Store.Locate(model); err != nil {
		return nil, err // before another model makes room for nothing
	}
	for {
		lease, wait, err := m.tryAcquire(model)
		if lease != nil || err != nil {
			return lease, err
		}
		select {
		case <-wait.until:
			if wait.load != nil && wait.load.err != nil {
				return nil, wait.load.err
			}
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for model %s: %w", model.Name, ctx.Err())
		}
	}
}

// waiting is what an Acquire waits for before it looks again.
type waiting struct {
	until <-chan struct{}
	load  *room // not nil: the loading of its model, which may fail
}

// tryAcquire lends a loaded model; else it begins what is needed, if that is
// possible, and tells what to wait for.
func (m *Manager) tryAcquire(model catalog.Model) (*Lease, waiting, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, waiting{}, ErrClosed
	}
	if r := m.rooms[model.Name]; r != nil {
		switch r.state {
		case loaded:
			return m.lend(r), waiting{}, nil
		case loading:
			return nil, waiting{until: r.ready, load: r}, nil
		default: // on its way out; then it is loaded anew
			return nil, waiting{until: m.changed}, nil
		}
	}
	if len(m.rooms) < m.cfg.MaxModels {
		r := m.load(model)
		return nil, waiting{until: r.ready, load: r}, nil
	}
	if r := m.leastRecentlyUsed(); r != nil {
		m.unload(r)
	}
	return nil, waiting{until: m.changed}, nil
}

// leastRecentlyUsed is the loaded model nobody uses whose last use is longest
// ago; nil where there is none, or where one is on its way out already.
func (m *Manager) leastRecentlyUsed() *room {
	var oldest *room
	for _, r := range m.rooms {
		if r.state == unloading {
			return nil
		}
		if r.state == loaded && r.users == 0 && (oldest == nil || r.used.Before(oldest.used)) {
			oldest = r
		}
	}
	return oldest
}

// announce wakes those who wait for a room. The caller holds mu.
func (m *Manager) announce() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// Close unloads all models and returns when their memory is free. Calls in them
// end with engine.ErrClosed; leases may still be released.
func (m *Manager) Close() error {
	m.mu.Lock()
	m.closed = true
	for _, r := range m.rooms {
		r.stopLoading()
	}
	m.announce()
	m.mu.Unlock()
	m.work.Wait()

	m.mu.Lock()
	defer m.mu.Unlock()
	var errs []error
	for name, r := range m.rooms { // all are loaded: nothing comes or goes any more
		errs = append(errs, r.pool.Close())
		delete(m.rooms, name)
	}
	return errors.Join(errs...)
}
