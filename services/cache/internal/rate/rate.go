// Package rate decides whether an event is within a rate, by the generic cell rate
// algorithm: of each key only the time is kept at which it has nothing left to pay for.
// That time lies on a Redis server (package redis) or in the process (Local).
package rate

import "time"

// Rate is so many events in a period. As many may come at once.
type Rate struct {
	Limit  int64         // at least 1
	Period time.Duration // at least a millisecond
}

// Verdict is what becomes of an event.
type Verdict struct {
	Allowed    bool
	Remaining  int64         // events that could come at once now
	RetryAfter time.Duration // until the next could come; 0 if allowed
	ResetAfter time.Duration // until Limit could come at once again
}

// Step is what one event costs, in microseconds.
func (r Rate) Step() int64 { return max(1, r.Period.Microseconds()/r.Limit) }

// Judge returns the verdict from how far ahead of now the events that were allowed are
// paid for, this one included if it was allowed, in microseconds.
func (r Rate) Judge(allowed bool, ahead int64) Verdict {
	room := r.Period.Microseconds() - ahead
	v := Verdict{Allowed: allowed, Remaining: max(0, min(r.Limit, room/r.Step())), ResetAfter: micros(ahead)}
	if !allowed {
		v.Remaining, v.RetryAfter = 0, micros(max(1, r.Step()-room))
	}
	return v
}

// Unlimited is the verdict where nobody counts.
func (r Rate) Unlimited() Verdict { return Verdict{Allowed: true, Remaining: r.Limit} }

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
