package window

import (
	"github.com/stenomesh/stenomesh/pkg/segment"
	"github.com/stenomesh/stenomesh/pkg/transcript"
	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Segments brings what the engine said of the window into the form of a
// transcript: times in the original recording, in order and inside the window;
// words inside their segment. What has no text is left out.
func (w Window) Segments(said []*enginev1.Segment, language string) []*jobv1.Segment {
	var out []*jobv1.Segment
	earliest := w.Original(0)
	for _, s := range said {
		if s.GetText() == "" {
			continue
		}
		segment := w.segment(s, earliest)
		segment.Language = language
		out = append(out, segment)
		earliest = segment.GetEndMs()
	}
	return out
}

// segment maps one segment, which begins no earlier than said.
func (w Window) segment(s *enginev1.Segment, earliest int64) *jobv1.Segment {
	place := w.place(s.GetStartMs(), s.GetEndMs())
	out := &jobv1.Segment{
		StartMs: max(place.StartMs, earliest), Text: s.GetText(),
		AvgLogprob: s.GetAvgLogprob(), NoSpeechProb: s.GetNoSpeechProb(),
		CompressionRatio: transcript.CompressionRatio(s.GetText()),
	}
	out.EndMs = max(out.StartMs, place.EndMs)
	from := out.StartMs
	for _, word := range s.GetWords() {
		at := w.within(word.GetStartMs(), word.GetEndMs())
		start := min(max(at.StartMs, from), out.EndMs)
		from = min(max(at.EndMs, start), out.EndMs)
		out.Words = append(out.Words, &jobv1.Word{
			StartMs: start, EndMs: from, Text: word.GetText(), Probability: word.GetProbability(),
		})
	}
	if n := len(out.Words); n > 0 {
		out.StartMs, out.EndMs = out.Words[0].GetStartMs(), out.Words[n-1].GetEndMs()
	}
	return out
}

// place maps a stretch of the window that may reach over silence that was left
// out. Its end belongs to the part that it ends in, not to the one after it.
func (w Window) place(startMs, endMs int64) segment.Span {
	start := w.Original(startMs)
	if endMs <= max(startMs, 0) {
		return segment.Span{StartMs: start, EndMs: start}
	}
	return segment.Span{StartMs: start, EndMs: max(start, w.Original(min(endMs, w.LenMs())-1)+1)}
}

// within maps a word. Where it reaches over silence that was left out, it is put
// into the part that holds most of it: nobody says a word around a silence.
func (w Window) within(startMs, endMs int64) segment.Span {
	var most segment.Span
	var at int64
	for _, part := range w.Parts {
		piece := segment.Span{StartMs: max(startMs, at), EndMs: min(endMs, at+part.Len())}
		if piece.Len() > most.Len() {
			shift := part.StartMs - at
			most = segment.Span{StartMs: piece.StartMs + shift, EndMs: piece.EndMs + shift}
		}
		at += part.Len()
	}
	if most.Len() <= 0 {
		return w.place(startMs, endMs)
	}
	return most
}
