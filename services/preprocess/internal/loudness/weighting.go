package loudness

import (
	"math"

	"github.com/stenomesh/stenomesh/services/preprocess/internal/pcm"
)

// weighting is the K-weighting of BS.1770: a shelf for the effect of the head,
// then a high-pass.
type weighting struct{ shelf, highPass biquad }

// newWeighting designs the two filters for our sample rate. The standard gives
// coefficients for 48 kHz only; the constants are those of the analogue
// filters behind them.
func newWeighting() weighting {
	return weighting{shelf: shelf(1681.974450955533, 3.999843853973347, 0.7071752369554196),
		highPass: highPass(38.13547087602444, 0.5003270373238773)}
}

func (w *weighting) next(x float64) float64 { return w.highPass.next(w.shelf.next(x)) }

// shelf returns a high shelf at hz with a gain in dB.
func shelf(hz, gain, q float64) biquad {
	k := math.Tan(math.Pi * hz / pcm.Rate)
	high := math.Pow(10, gain/20)
	band := math.Pow(high, 0.4996667741545416)
	norm := 1 + k/q + k*k
	return biquad{
		b0: (high + band*k/q + k*k) / norm,
		b1: 2 * (k*k - high) / norm,
		b2: (high - band*k/q + k*k) / norm,
		a1: 2 * (k*k - 1) / norm,
		a2: (1 - k/q + k*k) / norm,
	}
}

// highPass returns a high-pass at hz.
func highPass(hz, q float64) biquad {
	k := math.Tan(math.Pi * hz / pcm.Rate)
	norm := 1 + k/q + k*k
	return biquad{b0: 1, b1: -2, b2: 1, a1: 2 * (k*k - 1) / norm, a2: (1 - k/q + k*k) / norm}
}

// biquad is a second-order filter in transposed direct form II.
type biquad struct {
	b0, b1, b2, a1, a2 float64
	z1, z2             float64
}

func (f *biquad) next(x float64) float64 {
	y := f.b0*x + f.z1
	f.z1 = settle(f.b1*x - f.a1*y + f.z2)
	f.z2 = settle(f.b2*x - f.a2*y)
	return y
}

// settle ends the decay of a filter in silence before the numbers become so
// small that processors handle them slowly.
func settle(z float64) float64 {
	if z < 1e-9 && z > -1e-9 {
		return 0
	}
	return z
}
