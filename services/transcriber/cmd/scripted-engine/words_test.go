package main

import (
	"math/rand/v2"
	"slices"
	"testing"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
)

// noise is sound of this many ms that no other seed makes.
func noise(seed uint64, ms int) []int16 {
	random := rand.New(rand.NewPCG(seed, 0))
	pcm := make([]int16, ms*sampleRate/1000)
	for i := range pcm {
		pcm[i] = int16(8000 + random.IntN(8000))
	}
	return pcm
}

func silence(ms int) []int16 { return make([]int16, ms*sampleRate/1000) }

func texts(segments []*enginev1.Segment) []string {
	var all []string
	for _, s := range segments {
		all = append(all, s.GetText())
	}
	return all
}

func TestTranscribe_hearsTheSameWordsWhereverTheWindowBegins(t *testing.T) {
	t.Parallel()
	speech := slices.Concat(noise(1, 200), silence(100), noise(2, 390), silence(700), noise(3, 1000))

	alone := transcribe(speech, "en", 0)
	later := transcribe(append(silence(1234), speech...), "en", 0)

	if want := texts(alone); len(want) != 2 || !slices.Equal(texts(later), want) {
		t.Errorf("later %q, at once %q", texts(later), want)
	}
	if got, want := later[1].GetWords()[0].GetStartMs(), alone[1].GetWords()[0].GetStartMs()+1234; got != want {
		t.Errorf("second sentence starts at %d ms, want %d", got, want)
	}
}

func TestTranscribe_hearsDifferentWordsInDifferentSound(t *testing.T) {
	t.Parallel()
	seen := map[string]uint64{}
	for seed := range uint64(100) {
		text := texts(transcribe(noise(seed, 200), "ru", 0))[0]
		if other, taken := seen[text]; taken {
			t.Errorf("%d and %d are both %q", other, seed, text)
		}
		seen[text] = seed
	}
}

func TestTranscribe_cutsSoundIntoWords(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		pcm   []int16
		words []int // their lengths in ms
	}{
		"silence":             {silence(1000), nil},
		"a click":             {slices.Concat(silence(100), noise(1, 20), silence(100)), nil},
		"a word":              {noise(1, 300), []int{300}},
		"a short gap":         {slices.Concat(noise(1, 100), silence(50), noise(2, 100)), []int{250}},
		"a gap between words": {slices.Concat(noise(1, 100), silence(70), noise(2, 100)), []int{100, 100}},
		"a long sound":        {noise(1, 1000), []int{400, 400, 200}},
		"a rest too short":    {noise(1, 820), []int{400, 420}},
		"quiet noise":         {slices.Repeat([]int16{300, -300}, sampleRate), nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var got []int
			for _, s := range transcribe(c.pcm, "en", 0) {
				for _, w := range s.GetWords() {
					got = append(got, int(w.GetEndMs()-w.GetStartMs()))
				}
			}

			if !slices.Equal(got, c.words) {
				t.Errorf("words of %v ms, want %v", got, c.words)
			}
		})
	}
}
