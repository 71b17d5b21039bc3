package engine

import (
	"fmt"
	"os"
	"time"
)

// watchMemory kills the process when it takes more than it may. It looks from
// outside, at resident size: a stuck engine cannot answer, and address space says
// little where models and devices are mapped.
func (p *Process) watchMemory() {
	if p.cfg.MemoryLimit <= 0 {
		return
	}
	ticker := time.NewTicker(p.cfg.MemoryInterval)
	defer ticker.Stop()
	for {
		select {
		case <-p.child.done:
			return
		case <-ticker.C:
		}
		resident, err := residentBytes(p.child.pid())
		if err == nil && resident > p.cfg.MemoryLimit {
			p.log.Warn("engine takes too much memory", "resident_bytes", resident, "limit_bytes", p.cfg.MemoryLimit)
			p.end(outOfMemory(fmt.Sprintf("%d bytes are over the limit of %d", resident, p.cfg.MemoryLimit)))
			return
		}
	}
}

// residentBytes reads a process's resident set size. A zombie's is 0.
func residentBytes(pid int) (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(data), &size, &resident); err != nil {
		return 0, fmt.Errorf("read statm: %w", err)
	}
	return resident * int64(os.Getpagesize()), nil
}
