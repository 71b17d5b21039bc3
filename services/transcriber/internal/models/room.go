package models

import (
	"context"
	"fmt"
	"time"

	"github.com/stenomesh/stenomesh/pkg/catalog"
	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
)

// A room holds one model from the moment its loading begins until its memory is
// free again.
type room struct {
	model       catalog.Model
	stopLoading context.CancelFunc
	ready       chan struct{} // closed at the end of loading, well or not
	err         error         // why loading failed; set before ready is closed

	// The manager's mutex guards these.
	state state
	users int
	used  time.Time
	pool  *engine.Pool
	info  *enginev1.GetInfoResponse
}

type state int

const (
	loading state = iota
	loaded
	unloading
)

// load takes a room and fills it in the background: that outlives the callers
// that wait for it. The caller holds mu.
func (m *Manager) load(model catalog.Model) *room {
	ctx, cancel := context.WithCancel(context.Background())
	r := &room{model: model, stopLoading: cancel, ready: make(chan struct{}), state: loading}
	m.rooms[model.Name] = r
	m.work.Add(1)
	go func() {
		defer m.work.Done()
		defer cancel()
		began := time.Now()
		pool, info, err := m.open(ctx, model)
		m.settle(r, pool, info, err)
		if err != nil {
			m.log.Warn("model was not loaded", "model", model.Name, "err", err)
			return
		}
		m.log.Info("model is loaded", "model", model.Name, "device", info.GetDevice(), "took", time.Since(began))
	}()
	return r
}

// open checks the file and starts its engine.
func (m *Manager) open(ctx context.Context, model catalog.Model) (*engine.Pool, *enginev1.GetInfoResponse, error) {
	path, err := m.cfg.Store.Verified(ctx, model)
	if err != nil {
		return nil, nil, err
	}
	cfg := m.cfg.Engine
	cfg.Model = path
	pool, err := engine.NewPool(cfg)
	if err != nil {
		return nil, nil, err
	}
	info, err := pool.Start(ctx)
	if err != nil {
		_ = pool.Close() // it holds no process
		return nil, nil, fmt.Errorf("load model %s: %w", model.Name, err)
	}
	return pool, info, nil
}

// settle ends the loading of a room.
func (m *Manager) settle(r *room, pool *engine.Pool, info *enginev1.GetInfoResponse, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r.pool, r.info, r.err = pool, info, err
	r.state, r.used = loaded, time.Now()
	switch {
	case err != nil && m.closed:
		r.err = ErrClosed
		delete(m.rooms, r.model.Name)
	case err != nil:
		delete(m.rooms, r.model.Name)
	}
	close(r.ready)
	m.announce()
}

// unload empties a room in the background. The caller holds mu.
func (m *Manager) unload(r *room) {
	r.state = unloading
	m.work.Add(1)
	go func() {
		defer m.work.Done()
		if err := r.pool.Close(); err != nil {
			m.log.Warn("engine had to be killed", "model", r.model.Name, "err", err)
		}
		m.log.Info("model is unloaded", "model", r.model.Name)
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.rooms, r.model.Name)
		m.announce()
	}()
}

// Lease keeps a model in memory until it is released.
type Lease struct {
	Model catalog.Model
	// Pool is the model's engine.
	Pool *engine.Pool

	release func()
}

// lend gives out one more use of a loaded model. The caller holds mu.
func (m *Manager) lend(r *room) *Lease {
	r.users++
	r.used = time.Now()
	released := false
	return &Lease{Model: r.model, Pool: r.pool, release: func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if released {
			return
		}
		released = true
		r.users--
		r.used = time.Now()
		m.announce()
	}}
}

// Release gives the model back. Releasing twice is releasing once.
func (l *Lease) Release() { l.release() }
