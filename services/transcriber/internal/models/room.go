package models

import (
	"context"
	"fmt"
	"sync"
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
	users int       // leases, and those who wait for the end of loading
	used  time.Time // when one was last given or returned
	pool  *engine.Pool
}

type state int

const (
	loading state = iota
	loaded
	leaving // lent to nobody any more; it is unloaded once nobody uses it
)

// goesBefore tells which of two models leaves first.
func (r *room) goesBefore(other *room) bool {
	if (r.users == 0) != (other.users == 0) {
		return r.users == 0
	}
	return r.used.Before(other.used)
}

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
		m.settle(r, pool, err)
		if err != nil {
			m.log.Warn("model was not loaded", "model", model.Name, "err", err)
			return
		}
		m.log.Info("model is loaded", "model", model.Name, "device", info.GetDevice(), "took", time.Since(began))
	}()
	return r
}

// open starts the engine of a model, which checks the file each time it starts.
func (m *Manager) open(ctx context.Context, model catalog.Model) (*engine.Pool, *enginev1.GetInfoResponse, error) {
	path, err := m.cfg.Store.Locate(model)
	if err != nil {
		return nil, nil, err
	}
	cfg := m.cfg.Engine
	cfg.Model = path
	cfg.Verify = func(ctx context.Context) (string, error) { return m.cfg.Store.Verified(ctx, model) }
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

// settle ends the loading of a room. Those who wait for it are its users already,
// so that it does not leave before they had it.
func (m *Manager) settle(r *room, pool *engine.Pool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r.pool, r.err = pool, err
	r.state, r.used = loaded, time.Now()
	if err != nil {
		delete(m.rooms, r.model.Name)
		if m.closed {
			r.err = ErrClosed
		}
	}
	close(r.ready)
	m.announce()
}

// unload empties a room that nobody uses in the background. The caller holds mu.
func (m *Manager) unload(r *room) {
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

// await waits until the room is loaded and lends its model. The caller has been
// counted as a user.
func (m *Manager) await(ctx context.Context, r *room) (*Lease, error) {
	select {
	case <-r.ready:
	case <-ctx.Done():
		m.leave(r)
		return nil, fmt.Errorf("wait for model %s: %w", r.model.Name, ctx.Err())
	}
	if r.err != nil {
		return nil, r.err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	r.used = time.Now()
	return &Lease{Model: r.model, Pool: r.pool, release: sync.OnceFunc(func() { m.leave(r) })}, nil
}

// leave counts a user out.
func (m *Manager) leave(r *room) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r.users--
	r.used = time.Now()
	if r.state == leaving && r.users == 0 && !m.closed {
		m.unload(r)
	}
	m.announce()
}

// Release gives the model back. Releasing twice is releasing once.
func (l *Lease) Release() { l.release() }
