package loudness

import (
	"math"

	"github.com/stenomesh/stenomesh/services/preprocess/internal/pcm"
)

const (
	// phases is how many values are computed for each sample.
	phases = 8
	// taps is how many samples each of them is computed from.
	taps = 24
)

// peak finds the greatest value that the continuous signal behind the samples
// reaches, by interpolating between them.
type peak struct {
	filters [phases][taps]float64
	recent  []float64 // the last taps-1 samples of the block before
	block   []float64
	highest float64
}

func newPeak() *peak {
	p := &peak{recent: make([]float64, taps-1)}
	for phase := range p.filters {
		p.filters[phase] = interpolator(float64(phase) / phases)
	}
	return p
}

// interpolator returns the taps of a windowed sinc that reads the signal at a
// fraction of a sample after the middle.
func interpolator(fraction float64) [taps]float64 {
	var filter [taps]float64
	for i := range filter {
		x := float64(i-taps/2+1) - fraction
		window := 0.5 + 0.5*math.Cos(math.Pi*x/(taps/2))
		filter[i] = window * sinc(x)
	}
	return filter
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// take looks at the samples, and closely at the places between two of them
// that could hold a new peak. Sound that has passed a resampler does not swing
// more than 6 dB beyond both its neighbours.
func (p *peak) take(samples []int16) {
	p.block = append(p.block[:0], p.recent...)
	for _, s := range samples {
		p.block = append(p.block, float64(s))
		p.highest = max(p.highest, math.Abs(float64(s)))
	}
	const before = taps/2 - 1 // taps in front of the place
	for i := 0; i+taps <= len(p.block); i++ {
		near := max(math.Abs(p.block[i+before]), math.Abs(p.block[i+before+1]))
		if 2*near > p.highest {
			p.interpolate(p.block[i : i+taps])
		}
	}
	p.recent = append(p.recent[:0], p.block[len(samples):]...)
}

// interpolate reads the signal between the two middle samples of a window.
func (p *peak) interpolate(window []float64) {
	for phase := range p.filters {
		var sum float64
		for i, tap := range p.filters[phase] {
			sum += tap * window[i]
		}
		p.highest = max(p.highest, math.Abs(sum))
	}
}

// db returns the peak in dBTP.
func (p *peak) db() float64 {
	if p.highest == 0 {
		return silentDB
	}
	return max(silentDB, 2*decibels(p.highest/pcm.FullScale))
}
