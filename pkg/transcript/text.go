// Package transcript works on the words of a transcript without knowing where
// they came from: it joins what two overlapping pieces of a recording say,
// compares texts, and measures them. All of it is pure. The transcriber joins
// the windows of a chunk with it, the dispatcher the chunks of a recording.
package transcript

import (
	"bytes"
	"compress/zlib"
	"strings"
	"unicode"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Text returns the texts of the segments, joined by single spaces.
func Text(segments []*jobv1.Segment) string {
	texts := make([]string, 0, len(segments))
	for _, s := range segments {
		if s.GetText() != "" {
			texts = append(texts, s.GetText())
		}
	}
	return strings.Join(texts, " ")
}

// Normalise returns what counts of a word when two are compared: its letters
// and digits in lower case, with ё as е. Punctuation alone gives "".
func Normalise(word string) string {
	return strings.Map(func(r rune) rune {
		r = unicode.ToLower(r)
		switch {
		case r == 'ё':
			return 'е'
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
			return r
		default:
			return -1
		}
	}, word)
}

// Words returns the normalised words of a text. Spaces and hyphens part words;
// what is only punctuation is left out.
func Words(text string) []string {
	fields := strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.Is(unicode.Pd, r)
	})
	words := make([]string, 0, len(fields))
	for _, field := range fields {
		if word := Normalise(field); word != "" {
			words = append(words, word)
		}
	}
	return words
}

// CompressionRatio returns the size of a text over its size under zlib, 0 for
// an empty text. Above about 2.4 the text repeats itself, as a decoder does
// that is caught in a loop.
func CompressionRatio(text string) float32 {
	if text == "" {
		return 0
	}
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	_, _ = w.Write([]byte(text)) // a bytes.Buffer takes everything
	_ = w.Close()
	return float32(len(text)) / float32(packed.Len())
}
