package loudness

import (
	"math"

	"github.com/stenomesh/stenomesh/services/preprocess/internal/pcm"
)

const (
	// Loudness is gated in blocks of 400 ms, one every 100 ms.
	stepSamples   = pcm.Rate / 10
	stepsPerBlock = 4
	// relativeGate is how far below the mean a block may lie, in LU.
	relativeGate = -10
	// offset makes a full-scale sine at 997 Hz read -3.01 LUFS.
	offset = -0.691
)

// energy gathers the power of weighted samples by steps of 100 ms.
type energy struct {
	sum   float64
	count int
	steps []float64 // mean squares, full scale = 1; ten a second
}

func (e *energy) add(x float64) {
	e.sum += x * x
	if e.count++; e.count == stepSamples {
		e.steps = append(e.steps, e.sum/(stepSamples*pcm.FullScale*pcm.FullScale))
		e.sum, e.count = 0, 0
	}
}

// integrated returns the gated loudness in LUFS.
func (e *energy) integrated() float64 {
	mean, heard := e.mean(power(SilentLUFS))
	if !heard {
		return SilentLUFS
	}
	// The second gate lies below the mean of what passed the first.
	mean, _ = e.mean(max(power(SilentLUFS), mean*math.Pow(10, relativeGate/10.0)))
	return offset + decibels(mean)
}

// mean returns the mean power of the blocks above a gate, and whether there is
// one.
func (e *energy) mean(gate float64) (float64, bool) {
	var sum float64
	var blocks int
	for i := stepsPerBlock; i <= len(e.steps); i++ {
		var block float64
		for _, step := range e.steps[i-stepsPerBlock : i] {
			block += step / stepsPerBlock
		}
		if block > gate {
			sum += block
			blocks++
		}
	}
	return sum / float64(max(blocks, 1)), blocks > 0
}

// power returns the mean square of a loudness in LUFS.
func power(lufs float64) float64 { return math.Pow(10, (lufs-offset)/10) }
