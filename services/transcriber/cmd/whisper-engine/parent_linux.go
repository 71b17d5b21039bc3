//go:build whisper

package main

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// dieWithParent lets the kernel kill this process with its parent, also while
// libwhisper's threads starve the goroutine that watches the pipe. The kernel
// means the thread that started this process; Go keeps its threads.
func dieWithParent() {
	_ = unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0, 0, 0)
}
