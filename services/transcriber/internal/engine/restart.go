package engine

import (
	"context"
	"fmt"
	"time"
)

// start is one attempt to get a process; err is set before done is closed.
type start struct {
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

// Running returns the process of the moment, nil where there is none that lives.
func (p *Pool) Running() *Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running()
}

func (p *Pool) running() *Process {
	if p.process == nil || p.process.Err() != nil {
		return nil
	}
	return p.process
}

// living returns a process that takes calls, and starts one where there is none.
func (p *Pool) living(ctx context.Context) (*Process, error) {
	for {
		process, st := p.runningOrStart()
		if process != nil {
			return process, nil
		}
		if st == nil {
			return nil, ErrClosed
		}
		select {
		case <-st.done:
			if st.err != nil {
				return nil, st.err
			}
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the engine to start: %w", ctx.Err())
		}
	}
}

func (p *Pool) runningOrStart() (*Process, *start) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil
	}
	if process := p.running(); process != nil {
		return process, nil
	}
	if p.starting == nil {
		ctx, cancel := context.WithCancel(context.Background())
		p.starting = &start{cancel: cancel, done: make(chan struct{})}
		p.work.Add(1)
		go p.replace(ctx, p.starting, p.process, time.Until(p.notBefore))
	}
	return nil, p.starting
}

// replace starts a process after the wait, once the old one has let go of its
// memory.
func (p *Pool) replace(ctx context.Context, st *start, old *Process, wait time.Duration) {
	defer p.work.Done()
	defer st.cancel()
	if old != nil {
		<-old.Done()
	}
	process, err := startAfter(ctx, wait, p.cfg)
	p.finish(st, process, err)
}

func startAfter(ctx context.Context, wait time.Duration, cfg Config) (*Process, error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if cfg.Verify != nil { // the file may have changed since the last start
		path, err := cfg.Verify(ctx)
		if err != nil {
			return nil, err
		}
		cfg.Model = path
	}
	return Start(ctx, cfg)
}

func (p *Pool) finish(st *start, process *Process, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		backoff := min(p.cfg.MinBackoff<<min(p.failures, 16), p.cfg.MaxBackoff)
		p.failures++
		p.notBefore = time.Now().Add(backoff)
		p.cfg.Log.Warn("engine did not start", "model", p.cfg.Model, "failures", p.failures, "err", err)
	} else {
		p.failures = 0
		p.process = process
	}
	if p.closed {
		err = ErrClosed
	}
	p.starting = nil
	st.err = err
	close(st.done)
}
