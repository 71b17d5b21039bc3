// Package pcm fixes the form that all audio has between the services: signed
// 16-bit little-endian samples, mono, 16 kHz. The decoder writes it, the meters
// in loudness and silence read it, chunks are stored in it, and the engine
// takes it.
package pcm

import "encoding/binary"

const (
	// Rate is the number of samples a second.
	Rate = 16_000
	// SamplesPerMs is the number of samples a millisecond.
	SamplesPerMs = Rate / 1000
	// BytesPerMs is the number of bytes a millisecond.
	BytesPerMs = 2 * SamplesPerMs
	// FullScale is the value that counts as 0 dB, one above the greatest.
	FullScale = 1 << 15
)

// Taker takes samples in the order of the recording. The slice is only valid
// during the call.
type Taker interface {
	Take(samples []int16)
}

// Splitter is an io.Writer of PCM bytes that hands the samples on. Bytes may
// come in pieces of any size.
type Splitter struct {
	takers  []Taker
	odd     []byte // the first half of a sample, or empty
	samples []int16
}

// NewSplitter returns a splitter that hands every sample to each taker.
func NewSplitter(takers ...Taker) *Splitter {
	return &Splitter{takers: takers}
}

// Write implements io.Writer and never fails.
func (s *Splitter) Write(p []byte) (int, error) {
	n := len(p)
	s.samples = s.samples[:0]
	if len(s.odd) == 1 && n > 0 {
		s.samples = append(s.samples, sample([]byte{s.odd[0], p[0]}))
		s.odd, p = s.odd[:0], p[1:]
	}
	for ; len(p) >= 2; p = p[2:] {
		s.samples = append(s.samples, sample(p))
	}
	s.odd = append(s.odd, p...)
	for _, t := range s.takers {
		t.Take(s.samples)
	}
	return n, nil
}

func sample(p []byte) int16 { return int16(binary.LittleEndian.Uint16(p)) }
