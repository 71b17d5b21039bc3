package engine

import (
	"fmt"
	"time"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/engineproc"
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
		resident, err := engineproc.ResidentBytes(p.child.pid())
		if err == nil && resident > p.cfg.MemoryLimit {
			p.log.Warn("engine takes too much memory", "resident_bytes", resident, "limit_bytes", p.cfg.MemoryLimit)
			p.end(outOfMemory(fmt.Sprintf("%d bytes are over the limit of %d", resident, p.cfg.MemoryLimit)))
			return
		}
	}
}
