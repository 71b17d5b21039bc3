package cue

import "math"

// What a cue costs. Only the proportions matter; they were chosen by reading the
// cues of English and Russian recordings.
const (
	costCue          = 100.0 // for being one more cue
	costOrphan       = 150.0 // for a cue of a word or two beside others
	costRagged       = 40.0  // times the square of the empty share of a cue
	costSentence     = 60.0  // for a sentence that ends inside
	costTooLong      = 1.0   // for each millisecond over the longest duration
	costTooShort     = 0.1   // for each millisecond under the shortest
	costPauseSecond  = 150.0 // for each second of silence inside beyond tolerated
	toleratedPauseMS = 700
	orphanRunes      = 12
)

// partition returns the ends (exclusive) of the cues that the tokens of a run are
// cut into, cheapest first found. It is a shortest path over the places between
// tokens; each place reaches only as far as a cue can hold, so the time is linear
// in the number of tokens.
func partition(run []token, o Options) []int {
	reach := reaches(run, o)
	cost := make([]float64, len(run)+1)
	from := make([]int, len(run)+1)
	for i := range cost[1:] {
		cost[i+1] = math.Inf(1)
	}
	for i := range run {
		inside, width := 0.0, 0 // of the tokens i..j-1
		for j := i + 1; j <= reach[i]; j++ {
			if j > i+1 {
				inside += costInside(run[j-2], run[j-1])
			}
			width += advance(run, i, j-1)
			if c := cost[i] + inside + costOf(run, i, j, width, o); c < cost[j] {
				cost[j], from[j] = c, i
			}
		}
	}
	return walkBack(from)
}

// reaches tells for each token how far a cue that begins with it can go: the
// farthest end (exclusive) that still fits when its lines are filled greedily,
// which needs the fewest lines.
func reaches(run []token, o Options) []int {
	reach := make([]int, len(run))
	line := make([]int, len(run)+1) // end of the line that begins at a token
	line[len(run)] = len(run)
	end, width := 0, 0
	for i := range run {
		if end <= i {
			end, width = i, 0
		}
		for end < len(run) && width+advance(run, i, end) <= o.MaxLineLength {
			width += advance(run, i, end)
			end++
		}
		line[i] = end
		width -= run[i].runes
		if i+1 < end && !run[i+1].glued {
			width-- // the space before what is now the first
		}
	}
	for i := range run {
		reach[i] = i
		for range o.MaxLines {
			reach[i] = line[reach[i]]
		}
	}
	return reach
}

// advance is the width that token i adds to a line beginning with token first.
func advance(run []token, first, i int) int {
	if i == first || run[i].glued {
		return run[i].runes
	}
	return run[i].runes + 1
}

// costOf is what a cue of the tokens i..j-1, so wide on one line, costs but for what
// lies inside it.
func costOf(run []token, i, j, width int, o Options) float64 {
	cost := costCue
	if j < len(run) {
		cost += breakCost(run[j-1], run[j])
	}
	if whole := i == 0 && j == len(run); !whole && (j == i+1 || width < orphanRunes) {
		cost += costOrphan
	}
	empty := 1 - float64(width)/float64(o.MaxLineLength*o.MaxLines)
	cost += costRagged * empty * empty
	took := run[j-1].endMS - run[i].startMS
	cost += costTooLong * float64(max(0, took-o.MaxDurationMS))
	cost += costTooShort * float64(max(0, o.MinDurationMS-took))
	return cost
}

// costInside is what it costs to show two neighbours in one cue.
func costInside(a, b token) float64 {
	cost := 0.0
	if EndsSentence(a.text) {
		cost += costSentence
	}
	pause := b.startMS - a.endMS
	return cost + costPauseSecond*float64(max(0, pause-toleratedPauseMS))/1000
}

func widthOf(tokens []token) int {
	width := 0
	for i := range tokens {
		width += advance(tokens, 0, i)
	}
	return width
}

// walkBack lists the ends on the cheapest way to the last place.
func walkBack(from []int) []int {
	var ends []int
	for at := len(from) - 1; at > 0; at = from[at] {
		ends = append(ends, at)
	}
	for i, j := 0, len(ends)-1; i < j; i, j = i+1, j-1 {
		ends[i], ends[j] = ends[j], ends[i]
	}
	return ends
}
