package pcm_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stenomesh/stenomesh/services/preprocess/internal/pcm"
)

type collector struct{ samples []int16 }

func (c *collector) Take(samples []int16) { c.samples = append(c.samples, samples...) }

func TestSplitter_takesBytesInPiecesOfAnySize(t *testing.T) {
	t.Parallel()
	want := make([]int16, 5000)
	var raw []byte
	for i := range want {
		want[i] = int16(i*31 - 30000)
		raw = append(raw, byte(want[i]), byte(want[i]>>8))
	}
	var got collector
	splitter := pcm.NewSplitter(&got)
	random := rand.New(rand.NewPCG(1, 2))

	for rest := raw; len(rest) > 0; {
		n := min(random.IntN(9), len(rest))
		if _, err := splitter.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}

	if !slices.Equal(got.samples, want) {
		t.Error("the samples differ from what was written")
	}
}
