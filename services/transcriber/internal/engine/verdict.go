package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// hangUpGrace is how long a process may live on after its connection broke. It
// tells a process that is dying from one that is not.
const hangUpGrace = time.Second

// judge finds out what a failed call means. The call still counts as being in
// the process.
func (p *Process) judge(ctx context.Context, err error) error {
	code := status.Code(err)
	if _, limited := ctx.Deadline(); limited && code == codes.DeadlineExceeded {
		<-ctx.Done() // the engine may have seen the deadline a moment before us
	}
	switch {
	case ctx.Err() != nil:
		p.settle()
		return abandoned(ctx.Err())
	case code == codes.InvalidArgument:
		return refused(status.Convert(err).Message())
	case code == codes.ResourceExhausted && p.Err() == nil:
		// What the engine still holds is unknown: its process is replaced.
		lack := outOfMemory(status.Convert(err).Message())
		p.end(lack)
		<-p.done
		return lack
	case code == codes.Unavailable || p.Err() != nil:
		return p.died()
	default:
		return fmt.Errorf("%w: %w", ErrFailed, err)
	}
}

// abandoned tells a caller that gave up from an engine that took too long.
func abandoned(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return fmt.Errorf("call engine: %w", err)
}

// died waits for the end of a process whose connection broke and tells what it
// means for the call.
func (p *Process) died() error {
	if errors.Is(p.Err(), ErrClosed) {
		return ErrClosed
	}
	timer := time.NewTimer(hangUpGrace)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		p.end(errDisconnected)
		<-p.done
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if errors.Is(p.cause, ErrClosed) {
		return ErrClosed
	}
	return &DiedError{Alone: p.sharers == 1, Cause: p.cause}
}

// settle returns when the engine no longer decodes a call whose caller has given
// up, and kills the process when that takes too long. An engine may stop only
// between steps of which one takes a large model longer than CancelGrace: it is
// waited for as long as a kill would harm other calls, up to SharedGrace.
func (p *Process) settle() {
	p.giveUp(1)
	defer p.giveUp(-1)
	began := time.Now()
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		if p.hasStopped() {
			return
		}
		waited := time.Since(began)
		if waited >= p.cfg.SharedGrace || waited >= p.cfg.CancelGrace && p.condemnUnused() {
			p.end(errStuck)
			<-p.done
			return
		}
		select {
		case <-p.done:
			return
		case <-time.After(pause):
		}
	}
}

// hasStopped asks the engine whether it decodes no more windows than it should.
func (p *Process) hasStopped() bool {
	ctx, cancel := context.WithTimeout(context.Background(), p.cfg.CancelGrace)
	defer cancel()
	m, err := p.Memory(ctx)
	return err == nil && m.Busy <= p.staying()
}

// condemnUnused condemns the process if every caller in it has given up.
func (p *Process) condemnUnused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls > p.leaving {
		return false
	}
	if p.cause == nil {
		p.cause, p.sharers = errStuck, p.calls
	}
	return true
}

func (p *Process) giveUp(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leaving += n
}

// staying is how many calls are meant to be in the engine.
func (p *Process) staying() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls - p.leaving
}
