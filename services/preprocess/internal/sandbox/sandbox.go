// Package sandbox runs one program on data that strangers made, as a child
// process that can do little harm: it has a limit on wall time, memory, open
// files and output, writes no file, sees no environment, reads no input, and
// dies as a group when it is cancelled or when this process dies. It works on
// Linux only.
//
// Packages media and decode run ffprobe and ffmpeg with it.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// ErrWallTime is returned when the child ran longer than Limits.Wall.
var ErrWallTime = errors.New("child ran too long")

// ErrOutput is returned when the child wrote more than Limits.Output.
var ErrOutput = errors.New("child wrote too much")

// Limits bound what a child may use.
type Limits struct {
	Wall   time.Duration // from start to end
	Memory int64         // address space in bytes
	Output int64         // bytes on standard output
}

// Command is one run of a program.
type Command struct {
	Path   string    // absolute path of the program
	Args   []string  // arguments; no shell sees them
	Dir    string    // working directory: private, and empty where it can be
	Stdout io.Writer // gets what the child writes; its error stops the child
	Limits Limits
}

// ExitError is returned when the child ended by itself without success.
type ExitError struct {
	Program string
	Code    int            // exit status, or -1 if a signal ended it
	Signal  syscall.Signal // what ended it, or 0
	Stderr  string         // the last of what it said; for operators only
}

// Error is for logs.
func (e *ExitError) Error() string {
	if e.Code < 0 {
		return fmt.Sprintf("%s: ended by signal %q: %s", e.Program, e.Signal, e.Stderr)
	}
	return fmt.Sprintf("%s: exit status %d: %s", e.Program, e.Code, e.Stderr)
}

// Killed reports whether somebody else ended the child with a signal: an
// operator, or the kernel when the machine ran out of memory. The data need
// not be to blame.
func Killed(err error) bool {
	var exit *ExitError
	if !errors.As(err, &exit) {
		return false
	}
	switch exit.Signal {
	case syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP:
		return true
	default:
		return false
	}
}

// Run starts the command and waits for its end. It returns the last few
// kilobytes of the child's standard error, which hold warnings even when all
// is well. The error is that of ctx when ctx ended first, ErrWallTime,
// ErrOutput, the error of Stdout, or an *ExitError.
func Run(ctx context.Context, c Command) (stderr string, err error) {
	// The kernel counts the death of the starting thread as that of the parent,
	// so the thread has to stay as long as the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	ctx, cancel := context.WithTimeoutCause(ctx, c.Limits.Wall, ErrWallTime)
	defer cancel()

	words := &tail{limit: stderrLimit}
	out := &meter{to: c.Stdout, left: c.Limits.Output, stop: stop}
	child, err := c.child(ctx)
	if err != nil {
		return "", err
	}
	child.Stdout, child.Stderr = out, words
	err = child.Run()
	if err == nil {
		return words.String(), nil
	}
	if cause := context.Cause(ctx); cause != nil {
		return words.String(), fmt.Errorf("run %s: %w", c.Path, cause)
	}
	return words.String(), exitError(c.Path, err, words.String())
}

// child prepares the process without starting it.
func (c Command) child(ctx context.Context) (*exec.Cmd, error) {
	argv, err := limited(c)
	if err != nil {
		return nil, err
	}
	child := exec.CommandContext(ctx, argv[0], argv[1:]...)
	child.Dir = c.Dir
	// Every thread of the child would reserve an arena of its own out of the
	// memory limit.
	child.Env = []string{"LC_ALL=C", "MALLOC_ARENA_MAX=2"}
	child.SysProcAttr = attributes()
	child.Cancel = func() error { return syscall.Kill(-child.Process.Pid, syscall.SIGKILL) }
	child.WaitDelay = 2 * time.Second
	return child, nil
}

func exitError(program string, err error, stderr string) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("run %s: %w", program, err)
	}
	failed := &ExitError{Program: program, Code: exit.ExitCode(), Stderr: stderr}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		failed.Signal = status.Signal()
	}
	return failed
}
