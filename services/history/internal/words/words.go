// Package words cuts text into the words that a search compares, the same for what
// is searched and for what is searched for, and for every database. Words are
// brought to lower case, without diacritics (ё is е, but й stays й), and to their
// stems, Russian or English by their letters, since recordings mix the two. Words
// that are frequent are words like others: whoever looks for "to be" finds it.
//
//	record ── Of ──> stems of a transcript ──> stores (tsvector, FTS5)
//	server ── Parse ──> Query ──> stores
package words

import (
	"strings"
	"unicode"

	"github.com/kljensen/snowball/english"
	"github.com/kljensen/snowball/russian"
	"golang.org/x/text/unicode/norm"
)

// longest is how much of a word counts, in bytes of what it is folded to; the databases
// take no more than some two thousand.
const longest = 256

// Of returns the stems of a text in its order. They consist of letters and digits.
func Of(text string) []string {
	var stems []string
	known := map[string]string{} // a text repeats its words
	each(norm.NFC.String(text), func(word string, _ span) {
		stem, again := known[word]
		if !again {
			stem = stemOf(word)
			known[word] = stem
		}
		if stem != "" {
			stems = append(stems, stem)
		}
	})
	return stems
}

// span is a place in a text, in bytes.
type span struct{ from, to int }

// each finds the words of a text in form C, folded.
func each(text string, found func(word string, at span)) {
	var word strings.Builder
	var at span
	end := func() {
		if word.Len() > 0 {
			found(word.String(), at)
		}
		word.Reset()
	}
	for from, r := range text {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r) && word.Len() > 0:
			if word.Len() == 0 {
				at.from = from
			}
			at.to = from + len(string(r))
			if word.Len() < longest {
				fold(&word, r)
			}
		case apostrophe(r) && word.Len() > 0 && letterFollows(text[from+len(string(r)):]):
			word.WriteByte('\'') // "don't" is one word
		default:
			end()
		}
	}
	end()
}

func apostrophe(r rune) bool { return r == '\'' || r == '’' || r == 'ʼ' }

func letterFollows(rest string) bool {
	for _, r := range rest {
		return unicode.IsLetter(r)
	}
	return false
}

// fold writes a letter in lower case and without its marks.
func fold(word *strings.Builder, r rune) {
	switch r = unicode.ToLower(r); {
	case r <= unicode.MaxASCII, 'а' <= r && r <= 'я': // й among them, whose mark makes another letter
		word.WriteRune(r)
	default:
		for _, part := range norm.NFKD.String(string(r)) {
			if unicode.IsLetter(part) || unicode.IsDigit(part) {
				word.WriteRune(unicode.ToLower(part))
			}
		}
	}
}

// stemOf returns what a folded word is compared by; empty if nothing is left of it.
func stemOf(word string) string {
	switch alphabet(word) {
	case unicode.Cyrillic:
		word = russian.Stem(word, true)
	case unicode.Latin:
		word = english.Stem(word, true)
	}
	return strings.ReplaceAll(word, "'", "")
}

// alphabet is that of the first letter, nil for one that has no stems.
func alphabet(word string) *unicode.RangeTable {
	for _, r := range word {
		switch {
		case unicode.Is(unicode.Cyrillic, r):
			return unicode.Cyrillic
		case unicode.Is(unicode.Latin, r):
			return unicode.Latin
		case unicode.IsLetter(r):
			return nil
		}
	}
	return nil
}
