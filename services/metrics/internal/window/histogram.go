// Package window keeps the durations of the last minutes and sums them up.
package window

import "math/bits"

// Histogram counts durations in fixed buckets, so that histograms can be added.
// Up to 32 µs a bucket is one microsecond wide; from there on each doubling has
// 16 buckets. A quantile is therefore at most 1/32 (3.1 %) away from the
// duration of that rank. Durations beyond 38 hours count as that long. Count,
// mean and maximum are exact.
type Histogram struct {
	Count  uint64
	Errors uint64
	SumUS  uint64
	MaxUS  uint64

	buckets [bucketCount]uint32
}

const (
	subBits     = 4 // 16 buckets a doubling
	subBuckets  = 1 << subBits
	maxBits     = 37 // 2^37 µs are 38 hours
	bucketCount = (maxBits - subBits + 1) * subBuckets
	longest     = 1<<maxBits - 1
)

// Add counts a duration in microseconds; a negative one counts as 0.
func (h *Histogram) Add(us int64, failed bool) {
	value := min(uint64(max(0, us)), longest)
	h.Count++
	h.SumUS += value
	h.MaxUS = max(h.MaxUS, value)
	h.buckets[bucketOf(value)]++
	if failed {
		h.Errors++
	}
}

// Merge adds what another histogram counted.
func (h *Histogram) Merge(other *Histogram) {
	h.Count += other.Count
	h.Errors += other.Errors
	h.SumUS += other.SumUS
	h.MaxUS = max(h.MaxUS, other.MaxUS)
	for i, n := range other.buckets {
		h.buckets[i] += n
	}
}

// QuantileUS returns the duration that a share q in (0,1] of all durations does
// not exceed; 0 when there are none.
func (h *Histogram) QuantileUS(q float64) float64 {
	if h.Count == 0 {
		return 0
	}
	rank := max(1, uint64(q*float64(h.Count)+0.999999)) // rounded up, but for what floats add
	if rank >= h.Count {
		return float64(h.MaxUS)
	}
	var seen uint64
	for i, n := range h.buckets {
		if seen += uint64(n); seen >= rank {
			return min(middleOf(i), float64(h.MaxUS))
		}
	}
	return float64(h.MaxUS)
}

// MeanUS returns the arithmetic mean; 0 when there are no durations.
func (h *Histogram) MeanUS() float64 {
	if h.Count == 0 {
		return 0
	}
	return float64(h.SumUS) / float64(h.Count)
}

// bucketOf keeps the five highest bits of a value: one for the doubling, four
// for the place in it.
func bucketOf(value uint64) int {
	shift := max(0, bits.Len64(value)-subBits-1)
	return shift*subBuckets + int(value>>shift)
}

// middleOf is the value that stands for a bucket.
func middleOf(bucket int) float64 {
	if bucket < 2*subBuckets {
		return float64(bucket)
	}
	shift := bucket/subBuckets - 1
	low := uint64(bucket-shift*subBuckets) << shift
	return float64(low) + float64(uint64(1)<<shift-1)/2
}
