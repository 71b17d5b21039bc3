package segment

import (
	"cmp"
	"slices"
)

// Pieces cuts a recording of durationMs with speech at the given places. The
// pieces come in order, none longer than rule.MaxMs, and hold all speech. Each
// ends
//
//   - at the first silence of rule.SplitMs or more,
//   - else at the longest (then the latest) silence of rule.MinCutMs or more in
//     its last third, or if there is none, in its middle third,
//   - else in speech, and then the next piece begins about rule.OverlapMs
//     earlier.
//
// A recording without speech has no pieces, unless the rule is Whole.
func Pieces(durationMs int64, speech []Span, rule Rule) []Piece {
	bounds := Span{0, durationMs}
	c := newCutter(bounds, tidy(bounds, speech), rule)
	return joinTiny(c.pieces(), rule)
}

// tidy returns the spans in order, clipped to bounds, with those that touch
// made one.
func tidy(bounds Span, spans []Span) []Span {
	sorted := slices.SortedFunc(slices.Values(spans), func(a, b Span) int {
		return cmp.Compare(a.StartMs, b.StartMs)
	})
	var out []Span
	for _, s := range sorted {
		s = s.clip(bounds)
		switch last := len(out) - 1; {
		case s.Len() <= 0:
		case last >= 0 && s.StartMs <= out[last].EndMs:
			out[last].EndMs = max(out[last].EndMs, s.EndMs)
		default:
			out = append(out, s)
		}
	}
	return out
}

// clipAll returns the parts of ordered spans that lie within bounds.
func clipAll(bounds Span, spans []Span) []Span {
	var out []Span
	for _, s := range spans {
		if s = s.clip(bounds); s.Len() > 0 {
			out = append(out, s)
		}
	}
	return out
}

// joinTiny joins every piece with hardly any speech to the piece before it, or
// else to the one after it, where the two together are not too long.
func joinTiny(pieces []Piece, rule Rule) []Piece {
	var out []Piece
	for _, p := range pieces {
		last := len(out) - 1
		fits := last >= 0 && p.EndMs-out[last].StartMs <= rule.MaxMs
		if fits && (p.SpeechMs() < rule.TinyMs || out[last].SpeechMs() < rule.TinyMs) {
			out[last] = join(out[last], p)
			continue
		}
		out = append(out, p)
	}
	return out
}

func join(a, b Piece) Piece {
	span := Span{a.StartMs, b.EndMs}
	return Piece{Span: span, OverlapMs: a.OverlapMs, Speech: tidy(span, slices.Concat(a.Speech, b.Speech))}
}
