//go:build !linux

package engineserver

import (
	"fmt"
	"syscall"
)

// residentBytes returns the largest resident set size this process has had,
// which is all that can be asked for everywhere. The unit is macOS's.
func residentBytes() (uint64, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("read memory: %w", err)
	}
	return uint64(usage.Maxrss), nil
}
