package process

import (
	"sync"
	"time"
)

// Meter tells how much of a core was used lately. It is safe for use by several
// goroutines.
type Meter struct {
	window time.Duration

	mu      sync.Mutex
	samples []sample // oldest first; the first is at or before the window's start
}

type sample struct {
	at  time.Time
	cpu time.Duration
}

// NewMeter returns a meter over a window of that length.
func NewMeter(window time.Duration) *Meter { return &Meter{window: window} }

// Add notes how much processor time was used up to now.
func (m *Meter) Add(now time.Time, cpu time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.samples = append(m.samples, sample{now, cpu})
	start := now.Add(-m.window)
	for len(m.samples) > 1 && !m.samples[1].at.After(start) {
		m.samples = m.samples[1:]
	}
}

// Cores returns the share of a core that was used in the window before now, or
// since the first sample if that is later. cpu is the time used up to now.
func (m *Meter) Cores(now time.Time, cpu time.Duration) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.samples) == 0 || !now.After(m.samples[0].at) {
		return 0
	}
	first := m.samples[0]
	return max(0, (cpu-first.cpu).Seconds()/now.Sub(first.at).Seconds())
}
