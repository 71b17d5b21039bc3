package bench

import (
	"math"
	"slices"
	"time"
)

// durations are measurements of one kind.
type durations []time.Duration

// quantile returns the nearest measurement that q (0 to 1) of all do not exceed,
// in milliseconds; NaN without measurements.
func (d durations) quantile(q float64) float64 {
	if len(d) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(d))
	at := int(math.Ceil(q*float64(len(sorted)))) - 1
	return milliseconds(sorted[min(max(at, 0), len(sorted)-1)])
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
