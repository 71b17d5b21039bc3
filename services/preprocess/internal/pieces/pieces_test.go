package pieces_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/segment"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/pcm"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/pieces"
)

// memory keeps what is stored.
type memory struct {
	mu     sync.Mutex
	stored map[int][]byte
}

func (m *memory) store(_ context.Context, n int, audio io.Reader) error {
	raw, err := io.ReadAll(audio)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stored == nil {
		m.stored = map[int][]byte{}
	}
	m.stored[n] = raw
	return nil
}

// ramp is PCM in which the samples count the milliseconds.
func ramp(ms int) []byte {
	var raw []byte
	for i := range ms * pcm.SamplesPerMs {
		raw = binary.LittleEndian.AppendUint16(raw, uint16(i/pcm.SamplesPerMs))
	}
	return raw
}

func TestWrite_cutsToTheMillisecond(t *testing.T) {
	t.Parallel()
	raw := ramp(20_000)
	cuts := []segment.Piece{
		{Span: segment.Span{StartMs: 0, EndMs: 7003}},
		{Span: segment.Span{StartMs: 6001, EndMs: 15_000}},
		{Span: segment.Span{StartMs: 19_999, EndMs: 20_000}},
	}
	var m memory

	if err := pieces.Write(t.Context(), bytes.NewReader(raw), 0, cuts, m.store); err != nil {
		t.Fatal(err)
	}

	for n, piece := range cuts {
		want := raw[piece.StartMs*pcm.BytesPerMs : piece.EndMs*pcm.BytesPerMs]
		if !bytes.Equal(m.stored[n], want) {
			t.Errorf("piece %d has %d bytes that are not its %d", n, len(m.stored[n]), len(want))
		}
	}
}

func TestWrite_appliesTheGain(t *testing.T) {
	t.Parallel()
	var raw []byte
	for _, sample := range []int16{0, 1, -1, 1000, -1000, 20_000, -20_000, 32_767, -32_768, 7, 8, 9, 10, 11, 12, 13} {
		raw = binary.LittleEndian.AppendUint16(raw, uint16(sample))
	}
	// 6.0206 dB is a factor of two.
	want := []int16{0, 2, -2, 2000, -2000, 32_767, -32_768, 32_767, -32_768, 14, 16, 18, 20, 22, 24, 26}
	var m memory

	one := []segment.Piece{{Span: segment.Span{StartMs: 0, EndMs: 1}}}
	if err := pieces.Write(t.Context(), bytes.NewReader(raw), 6.0206, one, m.store); err != nil {
		t.Fatal(err)
	}

	for i, w := range want {
		if got := int16(binary.LittleEndian.Uint16(m.stored[0][2*i:])); got != w {
			t.Errorf("sample %d is %d, want %d", i, got, w)
		}
	}
}

func TestWrite_refusesARecordingThatIsTooShort(t *testing.T) {
	t.Parallel()
	var m memory

	one := []segment.Piece{{Span: segment.Span{StartMs: 0, EndMs: 101}}}
	err := pieces.Write(t.Context(), bytes.NewReader(ramp(100)), 0, one, m.store)

	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want an unexpected end", err)
	}
}

func TestWrite_stopsAtTheFirstError(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	cuts := make([]segment.Piece, 500)
	for i := range cuts {
		cuts[i].Span = segment.Span{StartMs: 0, EndMs: 1}
	}
	var mu sync.Mutex
	calls := 0

	err := pieces.Write(t.Context(), bytes.NewReader(ramp(1)), 0, cuts, func(context.Context, int, io.Reader) error {
		mu.Lock()
		defer mu.Unlock()
		calls++
		return full
	})

	if !errors.Is(err, full) || calls == len(cuts) {
		t.Errorf("got %v after %d calls", err, calls)
	}
}

func TestWrite_stopsWhenCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var m memory

	one := []segment.Piece{{Span: segment.Span{StartMs: 0, EndMs: 1}}}
	err := pieces.Write(ctx, bytes.NewReader(ramp(1)), 0, one, m.store)

	if !errors.Is(err, context.Canceled) || len(m.stored) != 0 {
		t.Errorf("got %v and %d pieces", err, len(m.stored))
	}
}
