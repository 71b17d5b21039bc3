package words

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// around is how much of a text an excerpt has on either side of a hit, in bytes, if
// words end there.
const around = 80

// Excerpt returns the surroundings of the first place in a text where one of the
// terms is, in one line; empty when there is none.
func Excerpt(text string, terms []Term) string {
	text = norm.NFC.String(text)
	hit, found := firstOf(text, terms)
	if !found {
		return ""
	}
	from, to := max(0, hit.from-around), min(len(text), hit.to+around)
	if at := strings.IndexFunc(text[from:hit.from], unicode.IsSpace); from > 0 && at >= 0 {
		from += at
	}
	if at := strings.LastIndexFunc(text[hit.to:to], unicode.IsSpace); to < len(text) && at >= 0 {
		to = hit.to + at
	}
	return dots(from > 0) + strings.Join(strings.Fields(whole(text[from:to])), " ") + dots(to < len(text))
}

func dots(more bool) string {
	if more {
		return "…"
	}
	return ""
}

// whole cuts off parts of characters at the ends.
func whole(text string) string {
	for len(text) > 0 && !utf8.RuneStart(text[0]) {
		text = text[1:]
	}
	return strings.ToValidUTF8(text, "")
}

// firstOf finds the first term in a text.
func firstOf(text string, terms []Term) (hit span, found bool) {
	var last []string // stems before this word, as many as a phrase may have
	var places []span
	longest := 1
	for _, term := range terms {
		longest = max(longest, len(term.Stems))
	}
	each(text, func(word string, at span) {
		stem := stemOf(word)
		if found || stem == "" {
			return
		}
		last, places = append(last, stem), append(places, at)
		if len(last) > longest {
			last, places = last[1:], places[1:]
		}
		for _, term := range terms {
			begins := term.Begins != "" && strings.HasPrefix(strings.ReplaceAll(word, "'", ""), term.Begins)
			if n := len(term.Stems); begins || n <= len(last) && slices.Equal(last[len(last)-n:], term.Stems) {
				hit, found = span{places[len(places)-n].from, at.to}, true
				return
			}
		}
	})
	return hit, found
}
