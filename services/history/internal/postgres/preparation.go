package postgres

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

const (
	minBackoff = 200 * time.Millisecond
	maxBackoff = 10 * time.Second
)

// errStarting is the state of a database that was not tried yet.
var errStarting = errors.New("database is being prepared")

// preparation tries until the database is ready, beside everything else.
type preparation struct {
	log    *slog.Logger
	cancel context.CancelFunc
	tried  chan struct{} // closed when it was tried once
	done   chan struct{} // closed when it is ready, or given up

	mu  sync.Mutex
	err error // why it is not ready; nil when it is
}

func newPreparation(log *slog.Logger) *preparation {
	return &preparation{log: log, tried: make(chan struct{}), done: make(chan struct{}), err: errStarting}
}

// start begins to try; stop ends it.
func (p *preparation) start(prepare func(ctx context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	go func() {
		defer close(p.done)
		err := p.try(ctx, prepare)
		close(p.tried)
		for backoff := minBackoff; err != nil; backoff = min(2*backoff, maxBackoff) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(backoff):
			}
			err = p.try(ctx, prepare)
		}
	}()
}

func (p *preparation) try(ctx context.Context, prepare func(ctx context.Context) error) error {
	err := prepare(ctx)
	p.mu.Lock()
	last := p.err
	p.err = err
	p.mu.Unlock()
	switch {
	case ctx.Err() != nil:
	case err == nil && !errors.Is(last, errStarting):
		p.log.InfoContext(ctx, "database is ready")
	case err != nil && (last == nil || err.Error() != last.Error()): // the same again is no news
		p.log.WarnContext(ctx, "database is not ready, trying on", "err", explain(err))
	}
	return err
}

// check says why the database is not ready; nil when it is.
func (p *preparation) check() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// wait returns when the database was tried once, and at the latest after patience.
func (p *preparation) wait(ctx context.Context, patience time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-p.tried:
	case <-ctx.Done():
	}
}

// stop gives up and waits until nothing runs any more.
func (p *preparation) stop() {
	p.cancel()
	<-p.done
}
