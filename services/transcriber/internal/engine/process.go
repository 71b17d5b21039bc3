package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
)

// Process is one running engine with its loaded model. Its methods may be called
// by any number of goroutines; more calls than it has slots wait inside it.
type Process struct {
	cfg    Config
	log    *slog.Logger
	child  *child
	conn   *grpc.ClientConn
	client enginev1.EngineServiceClient
	info   *enginev1.GetInfoResponse
	done   chan struct{} // closed when nothing of the process is left
	code   int           // exit code; set before done is closed

	mu      sync.Mutex
	calls   int   // calls begun and not yet ended
	leaving int   // of these, those whose caller has given up
	cause   error // why it ended or must end; nil while it may be used
	sharers int   // calls at the moment cause was set
}

// bury waits for the child's end and then puts away all that belonged to it.
func (p *Process) bury(watched <-chan struct{}) {
	<-p.child.done
	p.code = p.child.exitCode()
	p.condemn(p.child.causeOfDeath())
	_ = p.conn.Close() // the other end is gone
	<-watched
	level := slog.LevelWarn
	if errors.Is(p.Err(), ErrClosed) {
		level = slog.LevelInfo
	}
	p.log.Log(context.Background(), level, "engine has ended", "cause", p.Err(), "state", p.child.cmd.ProcessState.String())
	close(p.done)
}

// condemn says why the process ends, which only the first caller decides, and
// counts the calls that are in it. No call begins after that.
func (p *Process) condemn(cause error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cause == nil {
		p.cause, p.sharers = cause, p.calls
	}
}

// end condemns the process and kills it.
func (p *Process) end(cause error) {
	p.condemn(cause)
	p.child.kill()
}

// Info is the load report.
func (p *Process) Info() *enginev1.GetInfoResponse { return p.info }

// PID is the process id.
func (p *Process) PID() int { return p.child.pid() }

// Done is closed when the process has ended and nothing of it is left.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err tells why the process takes no more calls; nil while it does.
func (p *Process) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cause
}

// Close ends the process: politely, and after StopGrace by force. Calls still in
// it return ErrClosed. The error says that force was needed or that the process
// had a complaint of its own; nothing is left of it in any case. A second Close
// does nothing.
func (p *Process) Close() error {
	select {
	case <-p.done:
		return nil
	default:
	}
	p.condemn(ErrClosed)
	_ = p.child.lifeline.Close() // it ends when this pipe does
	grace := time.NewTimer(p.cfg.StopGrace)
	defer grace.Stop()
	select {
	case <-p.done:
	case <-grace.C:
		p.child.kill()
		<-p.done
	}
	if p.code != 0 && errors.Is(p.Err(), ErrClosed) {
		return fmt.Errorf("close engine: %v", p.child.cmd.ProcessState)
	}
	return nil
}
