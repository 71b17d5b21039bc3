package rate

import (
	"sync"
	"time"
)

// mostKeys is how many keys are known at once.
const mostKeys = 100_000

// Local counts in this process. It is safe for all goroutines.
type Local struct {
	mu   sync.Mutex
	paid map[string]int64 // until when, in microseconds since 1970
}

// NewLocal returns one without events.
func NewLocal() *Local { return &Local{paid: map[string]int64{}} }

// Take counts an event of a key.
func (l *Local) Take(key string, r Rate, now time.Time) Verdict {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, period := now.UnixMicro(), r.Period.Microseconds()
	paid, known := l.paid[key]
	if !known {
		l.makeRoom(at)
	}
	paid = min(max(paid, at), at+period) // the rate may be another than the last time
	next := paid + r.Step()
	if next-at > period {
		return r.Judge(false, paid-at)
	}
	l.paid[key] = next
	return r.Judge(true, next-at)
}

// makeRoom drops keys that owe nothing, and when that is not enough whichever come
// first, a tenth of all: it must not have to look through them for each new key.
func (l *Local) makeRoom(now int64) {
	if len(l.paid) < mostKeys {
		return
	}
	for key, paid := range l.paid {
		if paid <= now {
			delete(l.paid, key)
		}
	}
	for key := range l.paid {
		if len(l.paid) < mostKeys*9/10 {
			return
		}
		delete(l.paid, key)
	}
}
