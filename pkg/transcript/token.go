package transcript

import (
	"strings"
	"unicode/utf8"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// token is one word of a sequence of segments.
type token struct {
	segment    int // index of its segment
	word       int // index in the segment's words; 0 if the segment has none
	norm       string
	start, end int64 // milliseconds
	opens      bool  // first of a sentence
	closes     bool  // last of a sentence
}

func (t token) mid() int64 { return (t.start + t.end) / 2 }

// tokens lists the words of segments in order. A segment without words stands
// as one token, so that it is kept or left out whole.
func tokens(segments []*jobv1.Segment) []token {
	var list []token
	for s, segment := range segments {
		words := segment.GetWords()
		if len(words) == 0 {
			words = []*jobv1.Word{{StartMs: segment.GetStartMs(), EndMs: segment.GetEndMs(), Text: segment.GetText()}}
		}
		for w, word := range words {
			first := w == 0 || list[len(list)-1].closes
			list = append(list, token{
				segment: s, word: w, norm: Normalise(word.GetText()),
				start: word.GetStartMs(), end: word.GetEndMs(),
				opens: first, closes: w == len(words)-1 || endsSentence(word.GetText()),
			})
		}
	}
	return list
}

// endsSentence tells whether a word carries the mark that closes a sentence,
// perhaps inside a quotation.
func endsSentence(word string) bool {
	last, _ := utf8.DecodeLastRuneInString(strings.TrimRight(word, `"'»”’)」』）`))
	return strings.ContainsRune(".?!…。？！", last)
}
