package channels_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/stenomesh/stenomesh/services/preprocess/internal/channels"
)

// interleave is PCM of n frames, of which each channel tells its sample.
func interleave(n int, of ...func(frame int) float64) []byte {
	var pcm []byte
	for frame := range n {
		for _, channel := range of {
			pcm = binary.LittleEndian.AppendUint16(pcm, uint16(int16(channel(frame))))
		}
	}
	return pcm
}

// noise is a sound that no other seed makes.
func noise(seed uint64, n int) func(int) float64 {
	random := rand.New(rand.NewPCG(seed, 0))
	samples := make([]float64, n)
	for i := range samples {
		samples[i] = 3000 * random.NormFloat64()
	}
	return func(frame int) float64 { return samples[frame] }
}

func TestSplitter_handsEachChannelOn(t *testing.T) {
	t.Parallel()
	count := func(from float64) func(int) float64 {
		return func(frame int) float64 { return from + float64(frame) }
	}
	pcm := interleave(1000, count(0), count(5000), count(-9000))
	for name, in := range map[string]io.Reader{
		"at once":      bytes.NewReader(pcm),
		"byte by byte": iotest.OneByteReader(bytes.NewReader(pcm)),
	} {
		var to [3]bytes.Buffer
		splitter := channels.New(&to[0], &to[1], &to[2])

		if n, err := io.Copy(splitter, in); err != nil || n != int64(len(pcm)) {
			t.Fatalf("%s: %d of %d bytes, %v", name, n, len(pcm), err)
		}

		for n, from := range []float64{0, 5000, -9000} {
			if !bytes.Equal(to[n].Bytes(), interleave(1000, count(from))) {
				t.Errorf("%s: channel %d is not its own samples", name, n)
			}
		}
	}
}

func TestSplitter_tellsTheErrorsOfItsWriters(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk full")
	reader, writer := io.Pipe()
	_ = reader.CloseWithError(broken)

	if _, err := channels.New(io.Discard, writer).Write(make([]byte, 400)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestSame_tellsOneSoundFromSeveral(t *testing.T) {
	t.Parallel()
	const n = 16_000
	one, other, faint := noise(1, n), noise(2, n), noise(3, n)
	quieter := func(frame int) float64 { return one(frame) / 4 }
	coded := func(frame int) float64 { return one(frame) + faint(frame)/50 }
	echoed := func(frame int) float64 { return other(frame) + one(frame)/3 }
	nothing := func(int) float64 { return 0 }
	for name, c := range map[string]struct {
		channels []func(int) float64
		same     bool
		loudest  int
	}{
		"twice the same":      {[]func(int) float64{one, one}, true, 0},
		"louder":              {[]func(int) float64{quieter, one}, true, 1},
		"quieter and coded":   {[]func(int) float64{one, coded, quieter}, true, 1},
		"upside down":         {[]func(int) float64{one, func(f int) float64 { return -one(f) }}, true, 0},
		"two sounds":          {[]func(int) float64{one, other}, false, 0},
		"an echo":             {[]func(int) float64{one, echoed}, false, 0},
		"the last is another": {[]func(int) float64{one, one, other}, false, 0},
		"one side is dead":    {[]func(int) float64{one, nothing}, false, 0},
		"the other is":        {[]func(int) float64{nothing, one}, false, 0},
		"silence":             {[]func(int) float64{nothing, nothing}, true, 0},
	} {
		var to []io.Writer
		for range c.channels {
			to = append(to, io.Discard)
		}
		splitter := channels.New(to...)
		if _, err := splitter.Write(interleave(n, c.channels...)); err != nil {
			t.Fatal(err)
		}

		loudest, same := splitter.Same()

		if same != c.same || loudest != c.loudest {
			t.Errorf("%s: same %t, loudest %d", name, same, loudest)
		}
	}
}
