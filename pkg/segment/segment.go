// Package segment holds the cut rules: where a recording is divided so that no
// word is cut and no word is lost.
//
// The preprocess service cuts a recording into chunks with Pieces; the
// transcriber packs the speech of one chunk into engine windows with Windows.
// Both cut in a silence where there is one within reach, and let neighbours
// overlap where there is none, so that whoever joins the words (see the
// OverlapMs fields) finds every sentence whole on one side at least.
//
// All functions are pure. Times are whole milliseconds.
package segment

// Span is the half-open stretch [StartMs, EndMs) of a recording.
type Span struct {
	StartMs int64
	EndMs   int64
}

// Len returns the length of the span in milliseconds.
func (s Span) Len() int64 { return s.EndMs - s.StartMs }

// clip returns the part of s within bounds; it is empty or inverted (Len <= 0)
// where they do not meet.
func (s Span) clip(bounds Span) Span {
	return Span{max(s.StartMs, bounds.StartMs), min(s.EndMs, bounds.EndMs)}
}

// Piece is a stretch of a recording that is transcribed on its own.
type Piece struct {
	Span
	// OverlapMs is how much of its start the piece before also holds; 0 for a
	// cut in silence.
	OverlapMs int64
	// Speech lies within the span, in order and disjoint. It is empty only for
	// a rule that leaves no silence out.
	Speech []Span
}

// SpeechMs returns how much speech the piece holds, in milliseconds.
func (p Piece) SpeechMs() int64 { return sum(p.Speech) }

// Lead returns the index of the piece with most speech, the first of equals;
// 0 if there are no pieces.
func Lead(pieces []Piece) int {
	lead := 0
	for i, p := range pieces {
		if p.SpeechMs() > pieces[lead].SpeechMs() {
			lead = i
		}
	}
	return lead
}

func sum(spans []Span) int64 {
	var total int64
	for _, s := range spans {
		total += s.Len()
	}
	return total
}
