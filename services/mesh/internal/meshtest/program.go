package meshtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
)

// Program is a process that a test starts, hurts and starts again. Several
// goroutines may use it.
type Program struct {
	Name  string
	path  string
	args  []string
	env   []string                       // beside that of the tests
	ops   string                         // address of its probes; empty if it has none
	ready func(ctx context.Context) bool // whether it does its work
	t     testing.TB

	mu         sync.Mutex
	supervised bool // somebody starts it when it ends
	cmd        *exec.Cmd
	ended      chan struct{} // closed when cmd is gone
	err        error         // how it ended; read it after ended
}

// Start starts the program and waits until it does its work.
func (p *Program) Start() {
	p.t.Helper()
	p.Launch()
	p.AwaitReady()
}

// Launch starts the program. It is no error when it runs already.
func (p *Program) Launch() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running() {
		return
	}
	cmd := exec.CommandContext(context.WithoutCancel(p.t.Context()), p.path, p.args...)
	cmd.Stdout, cmd.Stderr = p.t.Output(), p.t.Output()
	cmd.Env = append(os.Environ(), p.env...)
	cmd.WaitDelay = time.Second                           // its children may hold stderr open for a moment
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt of the tests is for us to pass on
	if err := cmd.Start(); err != nil {
		p.t.Fatalf("start %s: %v", p.Name, err)
	}
	ended := make(chan struct{})
	p.cmd, p.ended = cmd, ended
	go func() {
		p.err = cmd.Wait()
		close(ended)
	}()
}

// running holds while the process is there; the caller has the lock.
func (p *Program) running() bool {
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// mostStarts is how often a program may end before it is ready: a fault may hit a
// child that it starts with.
const mostStarts = 3

// AwaitReady waits until the program does its work. When it ends before that it is
// started again, as a container engine does, and fails the test in the end.
func (p *Program) AwaitReady() {
	p.t.Helper()
	starts := 1
	testkit.Eventually(p.t, p.Name+" is ready", func() bool {
		p.mu.Lock()
		gone := !p.running() && !p.supervised
		p.mu.Unlock()
		switch {
		case gone && starts == mostStarts:
			p.t.Fatalf("%s ended %d times before it was ready: %v", p.Name, starts, p.err)
		case gone:
			starts++
			p.Launch()
		}
		return p.isReady()
	})
}

// Supervise starts the program again whenever it ends, as a container engine does,
// until the returned function is called.
func (p *Program) Supervise() (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	p.setSupervised(true)
	go func() {
		defer close(done)
		defer p.setSupervised(false)
		for {
			p.mu.Lock()
			ended := p.ended
			p.mu.Unlock()
			select {
			case <-ended:
				p.Launch()
			case <-quit:
				return
			}
		}
	}()
	return func() { close(quit); <-done }
}

func (p *Program) setSupervised(supervised bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.supervised = supervised
}

// PID returns the process id.
func (p *Program) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd.Process.Pid
}

// Kill ends the process at once: no signal handler runs.
func (p *Program) Kill() {
	p.signal(syscall.SIGKILL)
	p.wait()
}

// Freeze stops the process where it stands, Thaw lets it go on.
func (p *Program) Freeze() { p.signal(syscall.SIGSTOP) }

// Thaw lets a frozen process go on.
func (p *Program) Thaw() { p.signal(syscall.SIGCONT) }

// Stop asks the process to end in good order and waits until it has. It is no
// error when it does not run, nor when it had only just begun and cannot listen yet.
func (p *Program) Stop() {
	p.t.Helper()
	p.mu.Lock()
	running := p.running()
	p.mu.Unlock()
	if !running {
		return
	}
	listens := p.isReady()
	p.signal(syscall.SIGTERM)
	p.wait()
	if p.err != nil && (listens || !terminated(p.err)) {
		p.t.Errorf("%s ended with %v", p.Name, p.err)
	}
}

// isReady asks once whether the program does its work.
func (p *Program) isReady() bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.t.Context()), 3*time.Second)
	defer cancel()
	return p.ready(ctx)
}

// terminated reports whether a process ended by the signal that asks it to.
func terminated(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGTERM
}

func (p *Program) signal(s syscall.Signal) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return
	}
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, syscall.ESRCH) {
		p.t.Errorf("signal %s: %v", p.Name, err)
	}
}

func (p *Program) wait() {
	p.mu.Lock()
	ended := p.ended
	p.mu.Unlock()
	if ended != nil {
		<-ended
	}
}

// isReady asks the probe of a process of ours.
func isReady(ops string) func(ctx context.Context) bool {
	return func(ctx context.Context) bool {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+ops+"/health/ready", nil)
		if err != nil {
			return false
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	}
}

// Ports that freeAddress takes: below those that Linux gives to whoever wants any, or
// another test's connection might have it before the program that it is for.
const (
	firstPort = 12_000
	ports     = 20_000
)

// freeAddress is one of this machine that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	for {
		address := fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(ports))
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
		if err == nil {
			_ = listener.Close() // it was only to find the port
			return address
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			t.Fatal(err)
		}
	}
}
