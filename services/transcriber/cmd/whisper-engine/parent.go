//go:build whisper

package main

import (
	"context"
	"io"
	"syscall"

	"golang.org/x/sys/unix"
)

// withParent returns a context that ends when the parent does: its end of the
// pipe on stdin closes with it, however it dies.
func withParent(ctx context.Context, stdin io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	dieWithParent()
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, stdin) // an error is an end too
	}()
	return ctx
}

// dieWithParent lets the kernel kill this process with its parent, also while
// libwhisper's threads starve the goroutine that watches the pipe. The kernel
// means the thread that started this process; Go keeps its threads.
func dieWithParent() {
	_ = unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0, 0, 0)
}
