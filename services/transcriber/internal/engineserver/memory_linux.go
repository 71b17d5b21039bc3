package engineserver

import (
	"fmt"
	"os"
)

// residentBytes returns the resident set size of this process.
func residentBytes() (uint64, error) {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, fmt.Errorf("read memory: %w", err)
	}
	var size, resident uint64 // in pages
	if _, err := fmt.Sscan(string(statm), &size, &resident); err != nil {
		return 0, fmt.Errorf("read memory: %w", err)
	}
	return resident * uint64(os.Getpagesize()), nil
}
