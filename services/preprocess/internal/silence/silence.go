// Package silence finds where in a recording there is speech, by its energy:
// it keeps a level for every 10 ms while PCM streams by, estimates the noise
// floor from them, and calls everything above a threshold speech.
package silence

import (
	"math"

	"github.com/stenomesh/stenomesh/pkg/segment"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/pcm"
)

const (
	// frameMs is the length of one level, in milliseconds.
	frameMs      = 10
	frameSamples = frameMs * pcm.SamplesPerMs
	// lowestDB is the level of digital silence, in dBFS.
	lowestDB = -120

	// minSilenceMs is the shortest pause that counts as one.
	minSilenceMs = 100
	// minSpeechMs is the shortest sound that counts as speech; what is
	// shorter is a click.
	minSpeechMs = 50
)

// Track holds the levels of a recording; 400 bytes for each second.
type Track struct {
	levels []float32 // dBFS by frame
	sum    int64     // of the samples of the frame that is being filled
	square int64     // of their squares
	count  int64
}

// Take implements pcm.Taker.
func (t *Track) Take(samples []int16) {
	for _, s := range samples {
		t.sum += int64(s)
		t.square += int64(s) * int64(s)
		if t.count++; t.count == frameSamples {
			t.close()
		}
	}
}

// close ends a frame. Its level is that of its variance, so that a constant
// offset, which cheap sound cards add, is no sound.
func (t *Track) close() {
	mean := float64(t.sum) / float64(t.count)
	variance := float64(t.square)/float64(t.count) - mean*mean
	level := 10 * math.Log10(max(variance, 0)/(pcm.FullScale*pcm.FullScale))
	t.levels = append(t.levels, float32(max(level, lowestDB)))
	t.sum, t.square, t.count = 0, 0, 0
}

// Map is where there is speech, and what that was decided by.
type Map struct {
	NoiseFloorDB float64        // dBFS, before the gain
	SilenceDB    float64        // dBFS, before the gain; what is below is silence
	Speech       []segment.Span // in order, at least 100 ms apart
}

// Map returns where there is speech in what was taken so far. gainDB is the
// gain that the recording gets afterwards: what is speech then is speech now.
func (t *Track) Map(gainDB float64) Map {
	if t.count > 0 {
		t.close()
	}
	floor, threshold := thresholds(t.levels, gainDB)
	return Map{NoiseFloorDB: floor, SilenceDB: threshold, Speech: speech(t.levels, float32(threshold))}
}

// speech returns the stretches of frames at or above the threshold. Pauses
// shorter than minSilenceMs do not end a stretch.
func speech(levels []float32, threshold float32) []segment.Span {
	var out []segment.Span
	for i, level := range levels {
		if level < threshold {
			continue
		}
		at := int64(i) * frameMs
		if last := len(out) - 1; last >= 0 && at-out[last].EndMs < minSilenceMs {
			out[last].EndMs = at + frameMs
			continue
		}
		out = append(withoutClick(out), segment.Span{StartMs: at, EndMs: at + frameMs})
	}
	return withoutClick(out)
}

// withoutClick drops the last stretch if it is too short to be speech.
func withoutClick(spans []segment.Span) []segment.Span {
	if last := len(spans) - 1; last >= 0 && spans[last].Len() < minSpeechMs {
		return spans[:last]
	}
	return spans
}
