package transcript

import (
	"slices"
	"strings"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"google.golang.org/protobuf/proto"
)

// Span is a stretch of a recording in milliseconds, the end not included.
type Span struct{ StartMs, EndMs int64 }

// Join puts together what two neighbouring pieces of a recording say. Piece a
// ends at overlap.EndMs and piece b begins at overlap.StartMs; both heard what
// lies between. Times of both are in the same recording. Every word of the
// overlap comes out once, from the side that is more to be believed. With an
// empty overlap b simply follows a.
//
// The inputs are not changed. Segments away from the junction are shared with
// them.
func Join(a, b []*jobv1.Segment, overlap Span) []*jobv1.Segment {
	if overlap.StartMs >= overlap.EndMs || len(a) == 0 || len(b) == 0 {
		return slices.Concat(a, b)
	}
	apart := 0 // segments of a that do not reach the overlap
	for apart < len(a) && a[apart].GetEndMs() < overlap.StartMs {
		apart++
	}
	return append(slices.Clip(a[:apart]), joinNear(a[apart:], b, overlap)...)
}

// joinNear is Join without what a says before the overlap.
func joinNear(a, b []*jobv1.Segment, overlap Span) []*jobv1.Segment {
	left, right := tokens(a), tokens(b)
	first := 0 // of left in the overlap
	for first < len(left) && left[first].mid() < overlap.StartMs {
		first++
	}
	last := len(right) // of right in the overlap, not included
	for last > 0 && right[last-1].mid() >= overlap.EndMs {
		last--
	}
	at := newChooser(left[first:], right[:last], overlap).choose()
	return link(head(a, left, first+at.i), tail(b, right, at.j))
}

// head returns the first n words of segments.
func head(segments []*jobv1.Segment, list []token, n int) part {
	if n == 0 {
		return part{}
	}
	end := list[n-1]
	if n == len(list) || list[n].segment != end.segment {
		return part{segments: segments[:end.segment+1]}
	}
	segment := segments[end.segment]
	cut := piece(segment, 0, end.word+1)
	return part{
		segments: append(slices.Clip(segments[:end.segment]), cut),
		cut:      true, glued: glued(segment, end.word+1),
	}
}

// tail returns the words of segments from the n-th.
func tail(segments []*jobv1.Segment, list []token, n int) part {
	if n == len(list) {
		return part{}
	}
	start := list[n]
	if start.word == 0 {
		return part{segments: segments[start.segment:]}
	}
	segment := segments[start.segment]
	cut := piece(segment, start.word, len(segment.GetWords()))
	return part{
		segments: append([]*jobv1.Segment{cut}, segments[start.segment+1:]...),
		cut:      true, glued: glued(segment, start.word),
	}
}

// part is one side of a junction; cut tells that the segment at the junction
// is a copy and lost words, glued that no space stood where it was cut.
type part struct {
	segments   []*jobv1.Segment
	cut, glued bool
}

// link puts the sides together. Where the junction lies inside a sentence on
// both sides, the halves become one segment again.
func link(left, right part) []*jobv1.Segment {
	if len(left.segments) == 0 || len(right.segments) == 0 {
		return slices.Concat(left.segments, right.segments)
	}
	segments := slices.Clone(left.segments[:len(left.segments)-1])
	before := proto.CloneOf(left.segments[len(left.segments)-1])
	after := proto.CloneOf(right.segments[0])
	meet(before, after)
	if left.cut && right.cut && !endsSentence(before.GetText()) {
		space := " "
		if left.glued && right.glued {
			space = ""
		}
		segments = append(segments, merge(before, after, space))
	} else {
		segments = append(segments, before, after)
	}
	return append(segments, right.segments[1:]...)
}

// piece copies the words [from, to) of a segment.
func piece(segment *jobv1.Segment, from, to int) *jobv1.Segment {
	cut := proto.CloneOf(segment)
	cut.Words = cut.GetWords()[from:to]
	cut.StartMs = cut.GetWords()[0].GetStartMs()
	cut.EndMs = cut.GetWords()[to-from-1].GetEndMs()
	return retell(cut, stretch(segment, from, to))
}

// stretch returns the text of the words [from, to) as the segment writes them.
func stretch(segment *jobv1.Segment, from, to int) string {
	if places := Places(segment.GetText(), segment.GetWords()); places != nil {
		return segment.GetText()[places[from].From:places[to-1].To]
	}
	var texts []string
	for _, word := range segment.GetWords()[from:to] {
		texts = append(texts, word.GetText())
	}
	return strings.Join(texts, " ")
}

// glued tells whether a segment writes word n right behind the one before it.
func glued(segment *jobv1.Segment, n int) bool {
	places := Places(segment.GetText(), segment.GetWords())
	return places != nil && places[n-1].To == places[n].From
}

// retell gives a segment another text.
func retell(segment *jobv1.Segment, text string) *jobv1.Segment {
	segment.Text = text
	segment.CompressionRatio = CompressionRatio(text)
	return segment
}

// merge makes one segment of two halves of a sentence, with space between.
func merge(before, after *jobv1.Segment, space string) *jobv1.Segment {
	n, m := float32(len(before.GetWords())), float32(len(after.GetWords()))
	before.AvgLogprob = (before.GetAvgLogprob()*n + after.GetAvgLogprob()*m) / (n + m)
	before.NoSpeechProb = (before.GetNoSpeechProb()*n + after.GetNoSpeechProb()*m) / (n + m)
	before.Words = append(before.GetWords(), after.GetWords()...)
	before.EndMs = after.GetEndMs()
	for _, flag := range after.GetFlags() {
		if !slices.Contains(before.GetFlags(), flag) {
			before.Flags = append(before.Flags, flag)
		}
	}
	if before.GetRedecoding() == nil {
		before.Redecoding = after.GetRedecoding()
	}
	return retell(before, before.GetText()+space+after.GetText())
}

// meet removes the few milliseconds by which the first word after a junction
// may begin before the last one before it ends.
func meet(before, after *jobv1.Segment) {
	if before.GetEndMs() <= after.GetStartMs() {
		return
	}
	border := (before.GetEndMs() + after.GetStartMs()) / 2
	before.StartMs, before.EndMs = min(before.GetStartMs(), border), border
	after.StartMs, after.EndMs = border, max(after.GetEndMs(), border)
	for _, word := range before.GetWords() {
		word.StartMs, word.EndMs = min(word.GetStartMs(), border), min(word.GetEndMs(), border)
	}
	for _, word := range after.GetWords() {
		word.StartMs, word.EndMs = max(word.GetStartMs(), border), max(word.GetEndMs(), border)
	}
}
