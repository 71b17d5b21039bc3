package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// Machine is what the figures depend on.
type Machine struct {
	Processor string `json:"processor"`
	Cores     int    `json:"cores"`
	MemoryMiB int64  `json:"memory_mib"` // 0 if unknown
	System    string `json:"system"`
	Go        string `json:"go"`
	Version   string `json:"version"` // of the server
}

// ReadMachine looks at the machine that this runs on. server is the program of the
// server that is measured.
func ReadMachine(ctx context.Context, server string) (Machine, error) {
	version, err := exec.CommandContext(ctx, server, "version").Output()
	if err != nil {
		return Machine{}, fmt.Errorf("ask %s for its version: %w", server, err)
	}
	kib, _ := statusLine("/proc/meminfo", "MemTotal") // 0 where there is no such file
	return Machine{
		Processor: processor(), Cores: runtime.NumCPU(), MemoryMiB: kib >> 10,
		System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Version: strings.TrimSpace(string(version)),
	}, nil
}

// String is one line for people.
func (m Machine) String() string {
	return fmt.Sprintf("%d cores of %s, %d MiB of memory, %s, %s, version %s",
		m.Cores, m.Processor, m.MemoryMiB, m.System, m.Go, m.Version)
}

func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "an unknown processor"
	}
	for line := range strings.Lines(string(info)) {
		if name, text, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(text)
		}
	}
	return "an unnamed processor"
}
