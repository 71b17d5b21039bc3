package pieces

import (
	"encoding/binary"
	"io"
	"math"

	"github.com/stenomesh/stenomesh/pkg/segment"
)

// amplifier reads a span of PCM with a gain applied. What would exceed full
// scale is held at it.
type amplifier struct {
	from   io.ReaderAt
	at     int64 // where the next bytes are
	end    int64
	factor float64
	buffer []byte // whole samples
	ready  []byte // the part of buffer that is still to be read
}

func newAmplifier(from io.ReaderAt, span segment.Span, gainDB float64) *amplifier {
	return &amplifier{
		from: from, at: offset(span.StartMs), end: offset(span.EndMs),
		factor: math.Pow(10, gainDB/20), buffer: make([]byte, 32<<10),
	}
}

// Read implements io.Reader. A recording that ends before the span does is an
// io.ErrUnexpectedEOF.
func (a *amplifier) Read(p []byte) (int, error) {
	if len(a.ready) == 0 {
		if err := a.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, a.ready)
	a.ready = a.ready[n:]
	return n, nil
}

func (a *amplifier) fill() error {
	if a.at == a.end {
		return io.EOF
	}
	want := a.buffer[:min(int64(len(a.buffer)), a.end-a.at)]
	if _, err := io.ReadFull(io.NewSectionReader(a.from, a.at, int64(len(want))), want); err != nil {
		return noEOF(err)
	}
	for at := 0; at < len(want); at += 2 {
		sample := int16(binary.LittleEndian.Uint16(want[at:]))
		louder := math.Round(float64(sample) * a.factor)
		louder = min(max(louder, math.MinInt16), math.MaxInt16)
		binary.LittleEndian.PutUint16(want[at:], uint16(int16(louder)))
	}
	a.at += int64(len(want))
	a.ready = want
	return nil
}

func noEOF(err error) error {
	if err == io.EOF { //nolint:errorlint // ReadFull returns it unwrapped
		return io.ErrUnexpectedEOF
	}
	return err
}
