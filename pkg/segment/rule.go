package segment

import (
	"math"
	"time"
)

// Rule says how long pieces may be and where they may be cut.
type Rule struct {
	// MaxMs is the greatest length of a piece.
	MaxMs int64
	// OverlapMs is how much two pieces share where they had to be cut in
	// speech. At most a third of MaxMs.
	OverlapMs int64
	// MinCutMs is the shortest silence that a piece is cut in.
	MinCutMs int64
	// KeepMs is how much silence is kept on each side of speech, where a piece
	// begins or ends and, in windows, around a silence that is left out.
	KeepMs int64
	// SplitMs is the length of a silence that always ends a piece, so that it
	// belongs to none; 0 for never.
	SplitMs int64
	// TinyMs is the amount of speech below which a piece is joined to a
	// neighbour where the two fit together.
	TinyMs int64
}

const (
	// A speech model hears a sentence of up to about 5 s as one unit. With
	// twice that shared, every sentence is whole on one side of the join.
	overlapMs = 10_000
	// Closures of plosives inside a word last up to about 150 ms, and the pause
	// at a comma about 250 ms. A model that hears half a sentence and then the
	// end makes up the other half; with an overlap it is not believed.
	minCutMs = 300
	// Soft beginnings and ends of words lie below any silence threshold.
	keepMs = 500
	// Less speech than this is not worth a piece of its own.
	tinyMs = 1_000
	// WindowMaxMs is what the engine hears at once.
	WindowMaxMs = 30_000
)

// ChunkRule returns the rule for cutting a recording of this length into
// chunks: at most 30 s each, 60 s above ten minutes, 120 s above thirty.
// Longer recordings have work enough for every slot with longer chunks, and
// fewer joins.
func ChunkRule(durationMs int64) Rule {
	longest := int64(30_000)
	switch {
	case durationMs > (30 * time.Minute).Milliseconds():
		longest = 120_000
	case durationMs > (10 * time.Minute).Milliseconds():
		longest = 60_000
	}
	return Rule{
		MaxMs: longest, OverlapMs: overlapMs, MinCutMs: minCutMs,
		KeepMs: keepMs, SplitMs: longest / 3, TinyMs: tinyMs,
	}
}

// WindowRule returns the rule for packing a chunk into engine windows.
func WindowRule() Rule {
	return Rule{
		MaxMs: WindowMaxMs, OverlapMs: overlapMs, MinCutMs: minCutMs,
		KeepMs: keepMs, TinyMs: tinyMs,
	}
}

// Whole returns the rule changed to leave no silence out: pieces then follow
// each other without gaps from the first millisecond to the last.
func (r Rule) Whole() Rule {
	r.KeepMs = math.MaxInt64 / 4 // more than any silence; sums stay in range
	r.SplitMs = 0
	return r
}

func (r Rule) whole() bool { return r.KeepMs >= math.MaxInt64/4 }
