package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// child is a started program with its process group. It ends with this process,
// however that ends: its standard input is a pipe from here, and the kernel kills
// it when we die.
type child struct {
	cmd      *exec.Cmd
	lifeline io.Closer // our end of its standard input
	output   *relay    // what it writes to standard error
	done     chan struct{}

	err error // how it ended; set before done is closed

	mu     sync.Mutex
	reaped bool // its process id may belong to somebody else
}

// startChild runs a program in a group of its own. Its standard error goes to
// log, line by line.
func startChild(path string, args, env []string, log *slog.Logger) (*child, error) {
	// Its life is not that of a call: see kill.
	cmd := exec.CommandContext(context.Background(), path, args...)
	c := &child{cmd: cmd, output: &relay{log: log}, done: make(chan struct{})}
	c.cmd.Env = env
	c.cmd.Stderr = c.output
	c.cmd.WaitDelay = time.Second // a grandchild may hold standard error open
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	lifeline, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("make pipe: %w", err)
	}
	c.lifeline = lifeline
	started := make(chan error, 1)
	go c.live(started)
	if err := <-started; err != nil {
		_ = lifeline.Close() // nobody reads it
		return nil, err
	}
	return c, nil
}

// live starts the program and waits for its end, both on one thread: the kernel
// takes the end of the thread that started a child for the parent's death and
// sends Pdeathsig. A locked thread lasts as long as this goroutine.
func (c *child) live(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := c.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	// No core files: a crash with a large model would write gigabytes. That it
	// could not be set harms nobody.
	_ = unix.Prlimit(c.pid(), unix.RLIMIT_CORE, &unix.Rlimit{}, nil)
	waitExited(c.pid())
	c.sweep()
	c.err = c.cmd.Wait()
	c.output.flush()
	close(c.done)
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// waitExited returns when the program has ended and is still unreaped, so that
// its process id cannot have been given away.
func waitExited(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// sweep kills what the program left in its group.
func (c *child) sweep() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.killGroup()
	c.reaped = true
}

// kill ends the program and its group at once. It may be called at any time.
func (c *child) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.reaped {
		c.killGroup()
	}
}

func (c *child) killGroup() {
	_ = syscall.Kill(-c.pid(), syscall.SIGKILL) // ESRCH: there is nobody left
}

// exitCode is that of an ended program, -1 while it runs or when it was killed.
func (c *child) exitCode() int {
	select {
	case <-c.done:
		return c.cmd.ProcessState.ExitCode()
	default:
		return -1
	}
}

// causeOfDeath tells how an ended program ended. What we do to it ourselves is
// known before it ends, so a signal that nobody sends itself came from outside.
func (c *child) causeOfDeath() error {
	how := ErrDied
	if status, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		switch status.Signal() {
		case syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT:
			how = ErrKilled
		}
	}
	return fmt.Errorf("%w: %v (last line %q)", how, c.cmd.ProcessState, c.output.lastLine())
}
