package job

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// silentFor is how long Check tells of a write without an answer after the last one:
// whoever is not ready may not write any more.
const silentFor = 20 * time.Second

// pulse notes whether the bus answers what is written. A server whose disk is full
// keeps its connections up and answers no write until it is started again; nothing
// else tells.
type pulse struct {
	mu     sync.Mutex
	silent time.Time // when a write was last left without an answer; zero after an answer
}

// felt takes how a write ended.
func (p *pulse) felt(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		p.silent = time.Now()
	case !errors.Is(err, context.Canceled):
		p.silent = time.Time{}
	}
}

// Check reports whether the bus answered the last write; the error is Unavailable.
func (s *Store) Check(context.Context) error {
	s.pulse.mu.Lock()
	defer s.pulse.mu.Unlock()
	if !s.pulse.silent.IsZero() && time.Since(s.pulse.silent) < silentFor {
		return fault.New(fault.Unavailable, CodeBusAway, "The bus does not answer writes; its disk may be full, and then it has to be started again.")
	}
	return nil
}

// felt is a bucket that tells a pulse of its writes.
type felt struct {
	jetstream.KeyValue
	pulse *pulse
}

// Create makes a key.
func (f felt) Create(ctx context.Context, key string, value []byte, options ...jetstream.KVCreateOpt) (uint64, error) {
	revision, err := f.KeyValue.Create(ctx, key, value, options...)
	f.pulse.felt(err)
	return revision, err
}

// Update changes a key.
func (f felt) Update(ctx context.Context, key string, value []byte, last uint64) (uint64, error) {
	revision, err := f.KeyValue.Update(ctx, key, value, last)
	f.pulse.felt(err)
	return revision, err
}
