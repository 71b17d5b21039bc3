package quality

import (
	"encoding/binary"
	"math"
)

const (
	// samplesPerMs is that of all audio here: 16 kHz, mono, signed 16-bit
	// little-endian.
	samplesPerMs = 16
	// blockMs is the length that a level is measured over: about a syllable.
	blockMs = 100
	// stepMs is the distance from one block to the next.
	stepMs = 50
	// leastMs is the length that a shorter stretch is widened to: a decoder may put
	// a word a little beside its sound.
	leastMs = 300
	// LowestDB is the level of digital silence.
	LowestDB = -120
)

// Level returns how loud the PCM is between two milliseconds: the level of its
// loudest 100 ms in dBFS, without a constant offset.
func Level(pcm []byte, startMs, endMs int64) float64 {
	length := int64(len(pcm)) / (2 * samplesPerMs)
	if missing := leastMs - (endMs - startMs); missing > 0 {
		startMs, endMs = startMs-missing/2, endMs+missing/2
	}
	startMs, endMs = min(max(startMs, 0), length), min(endMs, length)
	loudest := float64(LowestDB)
	for at := startMs; at < endMs; at += stepMs {
		from := max(startMs, min(at, endMs-blockMs))
		to := min(from+blockMs, endMs)
		loudest = max(loudest, rms(pcm[from*2*samplesPerMs:to*2*samplesPerMs]))
	}
	return loudest
}

// rms is the level of some PCM in dBFS.
func rms(pcm []byte) float64 {
	var sum, square float64
	for at := 0; at+1 < len(pcm); at += 2 {
		x := float64(int16(binary.LittleEndian.Uint16(pcm[at:])))
		sum += x
		square += x * x
	}
	n := float64(len(pcm) / 2)
	variance := square/n - sum/n*sum/n
	return max(LowestDB, 10*math.Log10(max(variance, 0)/(1<<30)))
}
