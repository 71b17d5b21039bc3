package whisper

import (
	"math"
	"time"
	"unicode"
)

// pinReach is how far, in time without pauses, a boundary between words may be
// moved to lie in a pause.
const pinReach = 300 * time.Millisecond

// layOut gives the words of one segment their times inside the stretches of
// sound, which are in order and not empty.
//
// libwhisper's own token times are not used: it spreads a segment's tokens from
// the end of the segment before, so that after a pause they come too early. Here
// each word takes a share of the sound that goes with its length, and each pause
// draws the nearest boundary between two words to itself.
func layOut(list []Word, sound []stretch) {
	bounds := boundaries(list, sound)
	for i := range list {
		list[i].Start = locate(bounds[i], sound, false)
		list[i].End = max(list[i].Start, locate(bounds[i+1], sound, true))
	}
}

// boundaries returns where each word begins, and at last where the last one
// ends, in time without pauses.
func boundaries(list []Word, sound []stretch) []time.Duration {
	var total time.Duration
	for _, s := range sound {
		total += s.length()
	}
	weights := make([]float64, len(list))
	for i, w := range list {
		weights[i] = weight(w.Text)
	}

	bounds := make([]time.Duration, len(list)+1)
	spread(bounds, weights, 0, total)
	var pause time.Duration
	first := 0 // the boundaries up to here are settled
	for _, s := range sound[:len(sound)-1] {
		pause += s.length()
		if k := nearest(bounds, first+1, pause); k > 0 {
			spread(bounds[first:k+1], weights[first:k], bounds[first], pause)
			spread(bounds[k:], weights[k:], pause, total)
			first = k
		}
	}
	return bounds
}

// nearest returns the inner boundary, from index from on, that is nearest to
// pause, or 0 when none is within reach.
func nearest(bounds []time.Duration, from int, pause time.Duration) int {
	best, reach := 0, pinReach
	for k := from; k < len(bounds)-1; k++ {
		if d := (bounds[k] - pause).Abs(); d <= reach {
			best, reach = k, d
		}
	}
	return best
}

// spread sets bounds, one more than weights, over [start, end] in proportion.
func spread(bounds []time.Duration, weights []float64, start, end time.Duration) {
	var sum, done float64
	for _, w := range weights {
		sum += w
	}
	bounds[0] = start
	for i, w := range weights {
		done += w
		bounds[i+1] = start + time.Duration(math.Round(float64(end-start)*done/sum))
	}
}

// locate turns a time without pauses into one in the window. Where a pause lies,
// a word ends before it and the next one starts after it.
func locate(t time.Duration, sound []stretch, end bool) time.Duration {
	for i, s := range sound {
		if t < s.length() || i == len(sound)-1 || end && t == s.length() {
			return min(s.start+t, s.end)
		}
		t -= s.length()
	}
	return 0
}

// weight is about how long a word takes to say: letters count one, digits, which
// stand for words, three, and the rest a little.
func weight(text string) float64 {
	sum := 0.5
	for _, r := range text {
		switch {
		case unicode.IsLetter(r):
			sum++
		case unicode.IsDigit(r):
			sum += 3
		}
	}
	return sum
}
