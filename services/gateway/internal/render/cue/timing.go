package cue

// setTimes turns the time each cue is spoken into the time it is shown: at least
// 1 ms, at least MinDurationMS and at most MaxDurationMS where there is room, with
// MinGapMS of nothing before the next where it is long enough to spare it, and
// never into the next.
func setTimes(cues []Cue, o Options) {
	for i := 1; i < len(cues); i++ { // each needs a moment of its own
		cues[i].StartMS = max(cues[i].StartMS, cues[i-1].StartMS+1)
	}
	for i := range cues {
		c := &cues[i]
		c.EndMS = clamp(c.EndMS, c.StartMS+max(1, o.MinDurationMS), c.StartMS+max(1, o.MaxDurationMS))
		if i+1 == len(cues) {
			continue
		}
		next := cues[i+1].StartMS
		if last := next - o.MinGapMS; c.EndMS > last {
			// Too close: give up the gap before the duration.
			c.EndMS = min(next, max(last, c.StartMS+max(1, o.MinDurationMS)))
		}
	}
}
