package whisper

import (
	"math"
	"slices"
	"time"
)

const (
	// frame is the grain at which sound is told from silence.
	frame        = 10 * time.Millisecond
	frameSamples = SampleRate / 100
	// shortestPause keeps the closures inside words from counting as pauses.
	shortestPause = 12
	// quietest is the level below which nothing is speech, in dB of full scale.
	quietest = -50
	// aboveNoise is how far speech stands over the noise floor, in dB.
	aboveNoise = 6
)

// voicing tells for each frame of a window whether there is sound in it.
type voicing []bool

// hear measures the window: sound is what exceeds both quietest and the noise
// floor, the level that a tenth of the frames stay under. Gaps shorter than
// shortestPause are filled.
func hear(samples []float32) voicing {
	levels := make([]float64, len(samples)/frameSamples)
	for i := range levels {
		levels[i] = level(samples[i*frameSamples : (i+1)*frameSamples])
	}
	sorted := slices.Sorted(slices.Values(levels))
	threshold := max(quietest, sorted[len(sorted)/10]+aboveNoise)

	v := make(voicing, len(levels))
	silence := shortestPause
	for i, l := range levels {
		if l < threshold {
			silence++
			continue
		}
		if silence < shortestPause {
			v.fill(i-silence, i)
		}
		v[i], silence = true, 0
	}
	return v
}

// level returns the root mean square of samples in dB of full scale.
func level(samples []float32) float64 {
	var sum float64
	for _, s := range samples {
		sum += float64(s) * float64(s)
	}
	return 10 * math.Log10(sum/float64(len(samples))+1e-12)
}

func (v voicing) fill(from, to int) {
	for i := from; i < to; i++ {
		v[i] = true
	}
}

// at tells whether there is sound at t; there is none outside the window.
func (v voicing) at(t time.Duration) bool {
	i := int(t / frame)
	return i >= 0 && i < len(v) && v[i]
}

// onset returns where the sound at t began, or t when there is silence at t, and
// nothing before earliest.
func (v voicing) onset(t, earliest time.Duration) time.Duration {
	for t-frame >= earliest && v.at(t) && v.at(t-frame) {
		t -= frame
	}
	return t
}

// stretches returns the parts of [start, end] with sound, or all of it when
// there is none: a decoder that hears words is believed.
func (v voicing) stretches(start, end time.Duration) []stretch {
	var list []stretch
	for t := start; t < end; t += frame {
		next := min(t+frame, end)
		switch last := len(list) - 1; {
		case !v.at(t):
		case last >= 0 && list[last].end == t:
			list[last].end = next
		default:
			list = append(list, stretch{t, next})
		}
	}
	if len(list) == 0 {
		return []stretch{{start, end}}
	}
	return list
}

// stretch is a part of a window.
type stretch struct{ start, end time.Duration }

func (s stretch) length() time.Duration { return s.end - s.start }
