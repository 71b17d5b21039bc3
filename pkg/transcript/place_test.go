package transcript_test

import (
	"slices"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestPlaces_findsEachWordInTheText(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		text  string
		words []string
		want  []string // the text at the places; nil for none
	}{
		"spaces":                     {"one two", []string{"one", "two"}, []string{"one", "two"}},
		"no spaces":                  {"你好", []string{"你", "好"}, []string{"你", "好"}},
		"an ideographic space":       {"你\u3000好", []string{"你", "好"}, []string{"你", "好"}},
		"a word twice":               {"no no", []string{"no", "no"}, []string{"no", "no"}},
		"another word":               {"one two", []string{"one", "too"}, nil},
		"another order":              {"one two", []string{"two", "one"}, nil},
		"more text than words":       {"one two", []string{"one"}, nil},
		"more words than text":       {"one", []string{"one", "two"}, nil},
		"a word that is nothing":     {"one", []string{"", "one"}, nil},
		"text between the words":     {"one - two", []string{"one", "two"}, nil},
		"a word in another (prefix)": {"ones", []string{"one"}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var words []*jobv1.Word
			for _, text := range c.words {
				words = append(words, &jobv1.Word{Text: text})
			}

			var got []string
			for _, place := range transcript.Places(c.text, words) {
				got = append(got, c.text[place.From:place.To])
			}

			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
