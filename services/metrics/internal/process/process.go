// Package process measures what this process uses of the machine.
package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// Usage is what a process has used since it began.
type Usage struct {
	CPU           time.Duration // of all cores together
	ResidentBytes uint64        // memory held now
}

// errFormat is returned when /proc/self/stat is not as Linux writes it.
var errFormat = errors.New("bad /proc/self/stat")

// tick is the unit of processor time in /proc: USER_HZ is 100 on Linux whatever
// the kernel itself counts in.
const tick = 10 * time.Millisecond

// Fields of /proc/self/stat after the name, see proc(5): utime is field 14,
// stime 15, rss 24, and the name is field 2.
const (
	fieldUser     = 14 - 3
	fieldSystem   = 15 - 3
	fieldResident = 24 - 3
)

// Read measures this process. It is an error where there is no /proc.
func Read() (Usage, error) {
	data, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return Usage{}, err
	}
	return parse(data)
}

// parse reads the line; the name in it is in brackets and may hold anything.
func parse(line []byte) (Usage, error) {
	end := bytes.LastIndexByte(line, ')')
	fields := bytes.Fields(line[end+1:])
	if end < 0 || len(fields) <= fieldResident {
		return Usage{}, errFormat
	}
	var numbers [3]uint64
	for i, field := range []int{fieldUser, fieldSystem, fieldResident} {
		var err error
		if numbers[i], err = strconv.ParseUint(string(fields[field]), 10, 64); err != nil {
			return Usage{}, fmt.Errorf("%w: %w", errFormat, err)
		}
	}
	return Usage{
		CPU:           time.Duration(numbers[0]+numbers[1]) * tick,
		ResidentBytes: numbers[2] * uint64(os.Getpagesize()),
	}, nil
}
