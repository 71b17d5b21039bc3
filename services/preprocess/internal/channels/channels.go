// Package channels parts interleaved PCM into its channels while it streams by, and
// finds out whether they hold the same sound: many files with two channels are one
// recording stored twice.
package channels

import (
	"encoding/binary"
	"io"
)

// alike is the share of a channel's energy that need not be in the first channel for
// the two to hold the same sound: what lossy coding adds. Two people on two
// microphones of one room share far less.
const alike = 0.001

// Splitter is an io.Writer of interleaved PCM, signed 16-bit little-endian, that
// hands each channel on by itself. Bytes may come in pieces of any size.
type Splitter struct {
	to     []io.Writer
	data   []byte   // what is being parted
	odd    []byte   // the beginning of a frame: one sample of each channel
	parts  [][]byte // of each channel, to be handed on
	energy []float64
	shared []float64 // product of each channel with the first
}

// New returns a splitter over as many channels as there are writers.
func New(to ...io.Writer) *Splitter {
	n := len(to)
	return &Splitter{to: to, parts: make([][]byte, n), energy: make([]float64, n), shared: make([]float64, n)}
}

// Write implements io.Writer. Its errors are those of the writers.
func (s *Splitter) Write(p []byte) (int, error) {
	size := 2 * len(s.to)
	s.data = append(append(s.data[:0], s.odd...), p...)
	whole := len(s.data) - len(s.data)%size
	for n := range s.parts {
		s.parts[n] = s.parts[n][:0]
	}
	for at := 0; at < whole; at += size {
		s.frame(s.data[at : at+size])
	}
	s.odd = append(s.odd[:0], s.data[whole:]...)
	for n, to := range s.to {
		if _, err := to.Write(s.parts[n]); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// frame takes one sample of each channel.
func (s *Splitter) frame(samples []byte) {
	first := value(samples)
	for n := range s.parts {
		raw := samples[2*n : 2*n+2]
		s.parts[n] = append(s.parts[n], raw...)
		x := value(raw)
		s.energy[n] += x * x
		s.shared[n] += x * first
	}
}

func value(sample []byte) float64 { return float64(int16(binary.LittleEndian.Uint16(sample))) }

// Same reports whether all channels hold the same sound, however loud each is, and
// which of them has it loudest, from 0. Silence alone is the same.
func (s *Splitter) Same() (loudest int, same bool) {
	for n, energy := range s.energy {
		if energy > s.energy[loudest] {
			loudest = n
		}
		if !s.inFirst(n) {
			return 0, false
		}
	}
	return loudest, true
}

// inFirst reports whether the first channel holds what channel n does: what is left
// of n without the part that follows the first.
func (s *Splitter) inFirst(n int) bool {
	if s.energy[0] == 0 {
		return s.energy[n] == 0
	}
	left := s.energy[n] - s.shared[n]*s.shared[n]/s.energy[0]
	return s.energy[n] > 0 && left <= alike*s.energy[n]
}
