package transcript

import (
	"strings"
	"unicode"
)

// Place is where a word stands in a text, in bytes, the end not included.
type Place struct{ From, To int }

// Places finds the words of a segment in its text, in order. Between two words
// there is white space, or nothing where the script puts none (Chinese,
// Japanese, Thai); the text alone tells which. It returns nil if the text is
// not made of exactly these words.
func Places[W interface{ GetText() string }](text string, words []W) []Place {
	places := make([]Place, len(words))
	at := 0
	for n, word := range words {
		rest := strings.TrimLeftFunc(text[at:], unicode.IsSpace)
		if word.GetText() == "" || !strings.HasPrefix(rest, word.GetText()) {
			return nil
		}
		from := len(text) - len(rest)
		at = from + len(word.GetText())
		places[n] = Place{From: from, To: at}
	}
	if strings.TrimSpace(text[at:]) != "" {
		return nil
	}
	return places
}
