package segment

import "math"

// Window is what the engine hears at once: parts of the recording joined end
// to end, with the silence between them left out.
type Window struct {
	// Parts are stretches of the original recording, in order and disjoint.
	Parts []Span
	// OverlapMs is how much of its start the window before also holds; 0 for a
	// cut in silence.
	OverlapMs int64
}

// Windows packs the speech of a piece into windows no longer than rule.MaxMs.
// Of a silence between two parts rule.KeepMs stays on either side.
func Windows(p Piece, rule Rule) []Window {
	tape := newTape(p, rule.KeepMs)
	speech := make([]Span, 0, len(p.Speech))
	for _, s := range tidy(p.Span, p.Speech) {
		speech = append(speech, Span{tape.position(s.StartMs), tape.position(s.EndMs)})
	}
	var out []Window
	for _, w := range Pieces(tape.length(), speech, rule) {
		out = append(out, Window{Parts: tape.parts(w.Span), OverlapMs: w.OverlapMs})
	}
	return out
}

// LenMs returns the length of the window in milliseconds.
func (w Window) LenMs() int64 { return sum(w.Parts) }

// Original maps a time in the window to the original recording. Times beyond
// the ends of the window become its ends. A time where two parts meet is the
// start of the later one.
func (w Window) Original(ms int64) int64 {
	if len(w.Parts) == 0 {
		return 0
	}
	ms = max(ms, 0)
	for _, part := range w.Parts {
		if ms < part.Len() {
			return part.StartMs + ms
		}
		ms -= part.Len()
	}
	return w.Parts[len(w.Parts)-1].EndMs
}

// tape is a piece with its long silences cut out and the rest joined.
type tape struct{ kept []Span }

// newTape keeps the speech of a piece and up to keep milliseconds around it.
func newTape(p Piece, keep int64) tape {
	if keep >= math.MaxInt64/4 {
		return tape{kept: []Span{p.Span}}
	}
	padded := make([]Span, len(p.Speech))
	for i, s := range p.Speech {
		padded[i] = Span{s.StartMs - keep, s.EndMs + keep}
	}
	return tape{kept: tidy(p.Span, padded)}
}

func (t tape) length() int64 { return sum(t.kept) }

// position returns where a kept millisecond of the recording lies on the tape.
func (t tape) position(ms int64) int64 {
	var at int64
	for _, k := range t.kept {
		if ms <= k.EndMs {
			return at + ms - k.StartMs
		}
		at += k.Len()
	}
	return at
}

// parts returns the stretches of the recording that a span of the tape holds.
func (t tape) parts(s Span) []Span {
	var out []Span
	var at int64
	for _, k := range t.kept {
		shift := k.StartMs - at
		at += k.Len()
		part := Span{s.StartMs + shift, s.EndMs + shift}.clip(k)
		if part.Len() > 0 {
			out = append(out, part)
		}
	}
	return out
}
