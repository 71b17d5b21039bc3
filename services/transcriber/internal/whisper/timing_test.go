package whisper

import (
	"math"
	"testing"
	"time"
)

const ms = time.Millisecond

// tone returns sound where loud says so, one entry a tenth of a second.
func tone(loud ...bool) []float32 {
	samples := make([]float32, len(loud)*SampleRate/10)
	for i := range samples {
		if loud[i*10/SampleRate] {
			samples[i] = float32(0.3 * math.Sin(float64(i)))
		}
	}
	return samples
}

func TestHear_findsSoundBetweenSilences(t *testing.T) {
	t.Parallel()
	sound := hear(tone(false, true, true, false, false, true, false))

	got := sound.stretches(0, 700*ms)

	want := []stretch{{100 * ms, 300 * ms}, {500 * ms, 600 * ms}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("sound is in %v, want %v", got, want)
	}
}

func TestHear_believesADecoderThatHearsWordsInSilence(t *testing.T) {
	t.Parallel()
	sound := hear(make([]float32, SampleRate))

	got := sound.stretches(200*ms, 400*ms)

	if len(got) != 1 || got[0] != (stretch{200 * ms, 400 * ms}) {
		t.Errorf("sound is in %v, want all of the segment", got)
	}
}

func TestLayOut_sharesTimeByLength(t *testing.T) {
	t.Parallel()
	list := []Word{{Text: "a"}, {Text: "abcd"}} // weights 1.5 and 4.5

	layOut(list, []stretch{{time.Second, 1600 * ms}})

	if list[0].Start != time.Second || list[0].End != 1150*ms || list[1].Start != 1150*ms || list[1].End != 1600*ms {
		t.Errorf("words are %v, want them at 1-1.15 and 1.15-1.6", list)
	}
}

func TestLayOut_putsPausesBetweenWords(t *testing.T) {
	t.Parallel()
	list := []Word{{Text: "Yes,"}, {Text: "seven"}, {Text: "trains"}}

	layOut(list, []stretch{{0, 400 * ms}, {900 * ms, 1500 * ms}})

	if list[0].End != 400*ms || list[1].Start != 900*ms {
		t.Errorf("words are %v, want the first to end and the second to start at the pause", list)
	}
	if list[2].End != 1500*ms || list[1].End != list[2].Start {
		t.Errorf("words are %v, want the others to fill the second stretch", list)
	}
}

func TestSegments_startWhereTheirSoundDoes(t *testing.T) {
	t.Parallel()
	samples := tone(false, false, true, true, true, true, false, false, true, true)
	raw := []rawSegment{
		{start: 0, end: 700 * ms, tokens: textTokens(" first")},
		{start: 900 * ms, end: 2 * time.Second, tokens: textTokens(" second")},
		{start: 900 * ms, end: 900 * ms, tokens: textTokens(" ")},
	}

	got := newSegments(raw, samples)

	if len(got) != 2 {
		t.Fatalf("segments are %v, want two: the third has no text", got)
	}
	if got[0].Start != 200*ms || got[0].End != 600*ms {
		t.Errorf("first is at %v-%v, want its sound, 200ms-600ms", got[0].Start, got[0].End)
	}
	if got[1].Start != 800*ms || got[1].End != time.Second {
		t.Errorf("second is at %v-%v, want it from its onset to the window's end, 800ms-1s", got[1].Start, got[1].End)
	}
}

func TestSegments_neverOverlap(t *testing.T) {
	t.Parallel()
	samples := make([]float32, SampleRate)
	raw := []rawSegment{
		{start: 100 * ms, end: 800 * ms, tokens: textTokens(" one| two")},
		{start: 300 * ms, end: 200 * ms, tokens: textTokens(" three")},
	}

	got := newSegments(raw, samples)

	if len(got) != 2 || got[1].Start < got[0].End || got[1].End < got[1].Start {
		t.Errorf("segments are %v, want them one after the other", got)
	}
}
