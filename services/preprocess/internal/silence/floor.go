package silence

const (
	// absoluteDB is below any room that people speak in, in a recording whose loud
	// parts reach usualDB.
	absoluteDB = -50
	usualDB    = -22
	// aboveFloorDB is how far above the noise floor silence ends.
	aboveFloorDB = 6
	// digitalDB is the level below which a frame holds no recorded sound at
	// all, such as the pauses that a telephone system or an editor puts in.
	digitalDB = -90

	// The noise floor is the level that windowBlocks in a row stay below, in
	// the quietest share of the recording. Inside speech no 300 ms pass without
	// a vowel.
	blockFrames   = 10
	windowBlocks  = 3
	quietestShare = 0.02
	// leastWindows is how many windows have to agree, so that the end of one
	// word in a short recording is not taken for its noise.
	leastWindows = 5
	// The loud parts of speech are what a share of frames lies above.
	loudShare = 0.05
	// The soft parts are what a share of frames does not exceed.
	softShare = 0.10
	// headroomDB is the least distance from the loud parts of speech down to
	// silence, and to its own soft parts.
	headroomDB = 15
)

// thresholds returns the noise floor and the level below which there is
// silence, both in dBFS before the gain, which is in dB. A recording without
// pauses, or with digital silence for pauses, shows no noise: its floor is
// lowestDB, and nothing above the absolute level is taken for silence.
func thresholds(levels []float32, gainDB float64) (floor, threshold float64) {
	quiet, loud := histograms(levels)
	floor = quiet.quantile(quietestShare, leastWindows)
	loudDB := loud.quantile(1-loudShare, 1)
	ceiling := loudDB - headroomDB
	// A quieter recording has quieter words too, where the gain brings them up.
	quieter := min(max(0, usualDB-loudDB), max(0, gainDB))
	absolute := max(digitalDB, absoluteDB-quieter)
	switch {
	case floor <= ceiling:
		return floor, max(absolute, min(floor+aboveFloorDB, ceiling))
	case loud.quantile(softShare, 1) <= ceiling:
		return lowestDB, absolute
	default:
		// An even sound is the noise of a room. However much gain it would
		// get, it is speech only where it is loud from the start.
		return lowestDB, absoluteDB
	}
}

// histograms counts the greatest levels of all windows without digital
// silence, one for each block, and the levels of all frames.
func histograms(levels []float32) (quiet, loud histogram) {
	var window [windowBlocks]float32
	blocks := 0
	for start := 0; start+blockFrames <= len(levels); start += blockFrames {
		highest := float32(lowestDB)
		digital := false
		for _, level := range levels[start : start+blockFrames] {
			loud.add(level)
			highest = max(highest, level)
			digital = digital || level < digitalDB
		}
		if digital {
			blocks = 0
			continue
		}
		window[blocks%windowBlocks] = highest
		if blocks++; blocks >= windowBlocks {
			quiet.add(max(window[0], window[1], window[2]))
		}
	}
	return quiet, loud
}

// histogram counts levels in steps of a tenth of a dB.
type histogram struct {
	counts [-lowestDB*10 + 1]int
	total  int
}

func (h *histogram) add(level float32) {
	if level < digitalDB {
		return
	}
	h.counts[int((min(level, 0)-lowestDB)*10)]++
	h.total++
}

// quantile returns the level that a share of the counted ones, and at least
// that many, do not exceed: 0 dB if there are fewer.
func (h *histogram) quantile(share float64, least int) float64 {
	seen := 0
	for i, count := range h.counts {
		if seen += count; seen >= least && float64(seen) >= share*float64(h.total) {
			return lowestDB + float64(i)/10
		}
	}
	return 0
}
