package cue

import (
	"math"
	"unicode/utf8"
)

// setTimes turns the time each cue is spoken into the time it is shown: at least
// 1 ms, at least as long as it needs and at most MaxDurationMS where there is room,
// with MinGapMS of nothing before the next where it is long enough to spare it, and
// never into the next.
func setTimes(cues []Cue, o Options) {
	for i := 1; i < len(cues); i++ { // each needs a moment of its own
		cues[i].StartMS = max(cues[i].StartMS, cues[i-1].StartMS+1)
	}
	for i := range cues {
		c := &cues[i]
		c.EndMS = clamp(c.EndMS, c.StartMS+needs(*c, o), c.StartMS+max(1, o.MaxDurationMS))
		if i+1 == len(cues) {
			continue
		}
		next := cues[i+1].StartMS
		if last := next - o.MinGapMS; c.EndMS > last {
			// Too close: give up the gap before the duration.
			c.EndMS = min(next, max(last, c.StartMS+needs(*c, o)))
		}
	}
}

// needs is how long a cue has to be seen to be read, in milliseconds.
func needs(c Cue, o Options) int64 {
	shortest := max(1, o.MinDurationMS)
	if o.MaxCPS > 0 {
		reading := 1000 * float64(utf8.RuneCountInString(c.Text())) / o.MaxCPS
		shortest = max(shortest, int64(math.Ceil(reading)))
	}
	return min(shortest, max(1, o.MaxDurationMS))
}
