// Package models decides which models are in memory. It knows every model of the
// catalogue, loads one when it is first asked for, keeps as many as it may, and
// unloads the one that was used longest ago when another needs the room. Who waits
// for a room is not kept waiting by those who use what is loaded: after a while a
// model is lent no more and leaves as soon as its users have given it back.
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
	"time"

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
	// Patience is how long an Acquire waits for a room before a model in use has
	// to leave; 0: 30 s.
	Patience time.Duration
	// Engine is how each model is run; its fields Model and Verify are set for each.
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
	urgent  int              // those who have waited for a room longer than Patience
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
	if cfg.Patience == 0 {
		cfg.Patience = 30 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Manager{cfg: cfg, log: cfg.Log, rooms: map[string]*room{}, changed: make(chan struct{})}, nil
}

// Acquire lends the model with this name or alias, and loads it if need be; where
// there is no room it unloads the model used longest ago, once none uses it; after
// Patience that is lent to nobody else until then. It waits as long as that takes
// or until ctx ends. However many ask, a model is loaded once.
//
// Errors: faults of kind NotFound ("model_not_found", "model_not_installed");
// *fs.PathError where a file cannot be read; catalog.ErrChecksum; those of
// engine.Start; ctx.Err(); ErrClosed.
func (m *Manager) Acquire(ctx context.Context, name string) (*Lease, error) {
	model, err := m.cfg.Catalog.Find(name)
	if err != nil {
		return nil, err
	}
	if _, err := m.cfg.Store.Locate(model); err != nil {
		return nil, err // before another model makes room for nothing
	}
	r, err := m.enter(ctx, model)
	if err != nil {
		return nil, err
	}
	return m.await(ctx, r)
}

// enter waits for a room for the model and counts the caller as a user of it.
func (m *Manager) enter(ctx context.Context, model catalog.Model) (*room, error) {
	impatient := time.NewTimer(m.cfg.Patience)
	defer impatient.Stop()
	urgent := false
	defer func() {
		if urgent {
			m.countUrgent(-1)
		}
	}()
	for {
		r, changed, err := m.admit(model, urgent)
		if r != nil || err != nil {
			return r, err
		}
		select {
		case <-changed:
		case <-impatient.C:
			urgent = true
			m.countUrgent(1)
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for model %s: %w", model.Name, ctx.Err())
		}
	}
}

func (m *Manager) countUrgent(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.urgent += n
	m.announce()
}

// admit counts a user in and returns the room of the model, which may still be
// loading. Where there is no room it begins to make some, if that is possible,
// and returns a channel that is closed when it is time to ask again. Who is urgent
// goes first and may have a model that is in use leave.
func (m *Manager) admit(model catalog.Model, urgent bool) (*room, <-chan struct{}, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, nil, ErrClosed
	}
	r := m.rooms[model.Name]
	if r == nil && len(m.rooms) < m.cfg.MaxModels && (urgent || m.urgent == 0) {
		r = m.load(model)
	}
	if r == nil {
		m.makeRoom(urgent)
	}
	if r == nil || r.state == leaving { // once it has left it is loaded anew
		return nil, m.changed, nil
	}
	r.users++
	return r, nil, nil
}

// makeRoom has the loaded model leave whose last use is longest ago, of those that
// nobody uses; urgent is not that choosy. It does nothing where there is none, one
// is leaving already, or there is room for who is urgent. The caller holds mu.
func (m *Manager) makeRoom(urgent bool) {
	if len(m.rooms) < m.cfg.MaxModels {
		return
	}
	var oldest *room
	for _, r := range m.rooms {
		if r.state == leaving {
			return
		}
		if r.state == loaded && (urgent || r.users == 0) && (oldest == nil || r.goesBefore(oldest)) {
			oldest = r
		}
	}
	if oldest == nil {
		return
	}
	oldest.state = leaving
	if oldest.users == 0 {
		m.unload(oldest)
	}
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
	for name, r := range m.rooms { // nothing comes or goes any more: all are loaded
		errs = append(errs, r.pool.Close())
		delete(m.rooms, name)
	}
	return errors.Join(errs...)
}
