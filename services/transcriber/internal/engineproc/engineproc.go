// Package engineproc holds what an engine process and those who watch it must
// agree on beside the contract engine/v1: package engine starts and watches such
// processes, engineserver and the scripted engine run in them.
package engineproc

import (
	"fmt"
	"os"
	"strconv"
)

// MaxMessage bounds a message in bytes, either way; a window is at most 960 KB.
const MaxMessage = 3 << 19

// Exit codes of an engine that could not start. What native code aborts for, lack
// of memory above all, ends a Go program with 2 as well.
const (
	ExitUsage  = 2 // it was called with bad flags
	ExitModel  = 3 // the file is no model it can load
	ExitMemory = 4 // there is too little memory to load the model
)

// ResidentBytes reads a process's resident set size. A zombie's is 0.
func ResidentBytes(pid int) (int64, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0, fmt.Errorf("read memory: %w", err)
	}
	var size, resident int64 // in pages
	if _, err := fmt.Sscan(string(data), &size, &resident); err != nil {
		return 0, fmt.Errorf("read memory: %w", err)
	}
	return resident * int64(os.Getpagesize()), nil
}
