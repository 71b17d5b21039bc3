package worker

import "time"

// Limit bounds the time one call to the engine may take: a call that is stuck is
// ended and counts as a failed attempt.
type Limit struct {
	// Base is granted to every call.
	Base time.Duration
	// Factor is granted on top, times the length of the window.
	Factor float64
}

// DefaultLimit is far more than the slowest machine that is of any use takes.
func DefaultLimit() Limit { return Limit{Base: time.Minute, Factor: 10} }

func (l Limit) of(audio time.Duration) time.Duration {
	return l.Base + time.Duration(l.Factor*float64(audio))
}
