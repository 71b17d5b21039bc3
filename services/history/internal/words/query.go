package words

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

const (
	longestQuery   = 1000 // bytes
	mostTerms      = 32
	shortestPrefix = 2 // characters before the asterisk
)

var (
	errEmpty = fault.New(fault.Invalid, "invalid_query",
		`The query holds no word; words are found in any form, "quotes" hold them together, and rec* finds all that begin so.`)
	errLong = fault.New(fault.Invalid, "invalid_query", "The query has at most 1000 bytes and 32 words and phrases.")
	errWide = fault.New(fault.Invalid, "invalid_query", "An asterisk needs two letters or digits of the word before it.")
)

// Term is a part of a query: words that follow one another.
type Term struct {
	Stems []string // at least one
	// Begins is the beginning of a word, folded and not stemmed. It has one stem,
	// which is found as well: "programmes*" finds "programme".
	Begins string
}

// Parse reads a query: all of its words and "phrases" are to be found, in any order;
// word* stands for all words that begin so. Invalid, code "invalid_query".
func Parse(query string) ([]Term, error) {
	if len(query) > longestQuery {
		return nil, errLong
	}
	var terms []Term
	for n, part := range strings.FieldsFunc(mark(query), func(r rune) bool { return r == '"' }) {
		pieces := strings.Fields(part)
		if n%2 == 1 {
			pieces = []string{part}
		}
		for _, piece := range pieces {
			term, err := termOf(piece, n%2 == 1)
			if err != nil {
				return nil, err
			}
			if len(term.Stems) > 0 {
				terms = append(terms, term)
			}
		}
	}
	switch {
	case len(terms) == 0:
		return nil, errEmpty
	case len(terms) > mostTerms:
		return nil, errLong
	}
	return terms, nil
}

// mark writes all quotes alike, with something between two of them, so that every
// second part of the text is a phrase.
func mark(query string) string {
	query = strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`).Replace(norm.NFC.String(query))
	return " " + strings.ReplaceAll(query, `"`, ` " `)
}

// termOf reads a phrase, or what stands between spaces: "e-mail" is two words that
// follow one another.
func termOf(piece string, phrase bool) (Term, error) {
	term := Term{Stems: Of(piece)}
	if phrase || len(term.Stems) != 1 || !strings.HasSuffix(piece, "*") {
		return term, nil
	}
	each(piece, func(word string, _ span) { term.Begins = strings.ReplaceAll(word, "'", "") })
	if utf8.RuneCountInString(term.Begins) < shortestPrefix {
		return Term{}, errWide
	}
	return term, nil
}
