package whisper

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unspaced are the scripts that put no space between words. There a word is one
// character, which is as fine as times can be told.
var unspaced = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}

// span is a word's place in the joined bytes of a segment: [from, to).
type span struct{ from, to int }

// segmentText joins the tokens to the segment's text.
func segmentText(tokens []token) string {
	return strings.TrimSpace(validText(joined(tokens)))
}

// words cuts the tokens of one segment into words, still without times.
//
// Tokens are joined first, since a character of two bytes may lie in two of
// them; then the text is cut at its spaces. A word's probability is the mean
// over the tokens that have a byte in it.
func words(tokens []token) []Word {
	text := joined(tokens)
	owner := tokenOfByte(tokens)

	var list []Word
	for _, s := range cut(text) {
		first, last := owner[s.from], owner[s.to-1]
		list = append(list, Word{
			Text:        validText(text[s.from:s.to]),
			Probability: meanProbability(tokens[first : last+1]),
		})
	}
	return list
}

// cut finds the words in text: what stands between spaces, and in scripts
// without spaces each character with the marks and punctuation after it.
func cut(text []byte) []span {
	var spans []span
	from, previous := -1, rune(0)
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case unicode.IsSpace(r):
			if from >= 0 {
				spans = append(spans, span{from, i})
			}
			from = -1
		case from < 0:
			from = i
		case startsWord(r, previous):
			spans = append(spans, span{from, i})
			from = i
		}
		if !modifies(r) {
			previous = r
		}
		i += size
	}
	if from >= 0 {
		spans = append(spans, span{from, len(text)})
	}
	return spans
}

// startsWord tells whether r begins a new word right behind previous.
func startsWord(r, previous rune) bool {
	switch {
	case modifies(r), opens(previous):
		return false
	case unicode.In(r, unspaced...):
		return true
	default:
		return unicode.In(previous, unspaced...) && (opens(r) || unicode.IsLetter(r) || unicode.IsDigit(r))
	}
}

// modifies tells whether r only changes the letter before it.
func modifies(r rune) bool {
	return unicode.In(r, unicode.Mark, unicode.Lm)
}

// opens tells whether r is a bracket or quote that belongs to what follows.
func opens(r rune) bool {
	return unicode.In(r, unicode.Ps, unicode.Pi)
}

func joined(tokens []token) []byte {
	var text []byte
	for _, t := range tokens {
		text = append(text, t.text...)
	}
	return text
}

// tokenOfByte tells for each byte of the joined text the index of its token.
func tokenOfByte(tokens []token) []int {
	var owner []int
	for i, t := range tokens {
		for range t.text {
			owner = append(owner, i)
		}
	}
	return owner
}

func meanProbability(tokens []token) float32 {
	var sum float64
	for _, t := range tokens {
		sum += float64(t.probability)
	}
	return float32(min(1, max(0, sum/float64(len(tokens)))))
}

// validText replaces what is not UTF-8, which a decoder may leave when it stops
// inside a character.
func validText(text []byte) string {
	return string(bytes.ToValidUTF8(text, []byte("\uFFFD")))
}
