package words_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/history/internal/words"
)

func TestOf_comparesWordsByTheirStems(t *testing.T) {
	t.Parallel()
	same := map[string]string{
		"лекции":               "Лекциями",
		"ёлка":                 "елки",
		"всё":                  "ВСЕ",
		"transcribed":          "Transcribing",
		"café":                 "CAFE",
		"don't":                "don’t",
		"и\u0306од":            "йод", // a letter and its mark
		"за\u0301мок":          "замок",
		"Ｆｕｌｌ":                 "full",
		"to be or not to be":   "To be, or not to be!",
		"e-mail 3.5":           "e mail 3 5",
		"договор №15 от 2026г": "Договора 15, от (2026г)",
	}
	for one, other := range same {
		if a, b := words.Of(one), words.Of(other); !slices.Equal(a, b) || len(a) == 0 {
			t.Errorf("%q is %q, %q is %q", one, a, other, b)
		}
	}
	different := map[string]string{"йод": "иод", "кот": "код", "cat": "cut", "15": "16"}
	for one, other := range different {
		if a := words.Of(one); slices.Equal(a, words.Of(other)) {
			t.Errorf("%q and %q are both %q", one, other, a)
		}
	}
	if got := words.Of(" …—'’ \x00 "); len(got) != 0 {
		t.Errorf("of no words: %q", got)
	}
}

func TestParse_readsWordsPhrasesAndBeginnings(t *testing.T) {
	t.Parallel()
	cases := map[string][]words.Term{
		"лекция":                   {{Stems: words.Of("лекция")}},
		" two  Words ":             {{Stems: []string{"two"}}, {Stems: []string{"word"}}},
		`say "good morning" twice`: {{Stems: words.Of("say")}, {Stems: words.Of("good morning")}, {Stems: words.Of("twice")}},
		`«доброе утро»`:            {{Stems: words.Of("доброе утро")}},
		`"not closed`:              {{Stems: words.Of("not closed")}},
		"e-mail":                   {{Stems: []string{"e", "mail"}}},
		"Programmes*":              {{Stems: words.Of("programmes"), Begins: "programmes"}},
		"a - b":                    {{Stems: []string{"a"}}, {Stems: []string{"b"}}},
	}
	for query, want := range cases {
		if got, err := words.Parse(query); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %q, %v; want %q", query, got, err, want)
		}
	}
	for _, query := range []string{"", `"" *`, "—", "ab a*", strings.Repeat("a ", 33), strings.Repeat("я", 501)} {
		if _, err := words.Parse(query); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v, want invalid", query, err)
		}
	}
}

func TestExcerpt_showsTheFirstHit(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("всякая всячина, ", 40)
	text := long + "и вот началась\nлекция о китах. " + long
	for _, query := range []string{"лекций", `"о ките"`, "лек*", "отсутствует китами"} {
		terms, err := words.Parse(query)
		if err != nil {
			t.Fatal(err)
		}
		got := words.Excerpt(text, terms)
		if !strings.Contains(got, "началась лекция о китах.") || !strings.HasPrefix(got, "…") || !strings.HasSuffix(got, "…") || len(got) > 300 {
			t.Errorf("%s: %q", query, got)
		}
	}
	if got := words.Excerpt(text, []words.Term{{Stems: []string{"nothing"}}}); got != "" {
		t.Errorf("no hit: %q", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`say "good morning" pro* ёлки`, "Say good morning, professor: о ёлках.")
	f.Add(`"«*'`, "don't \xff и\u0306")
	f.Fuzz(func(t *testing.T, query, text string) {
		for _, stem := range words.Of(text) {
			if stem == "" || strings.IndexFunc(stem, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) >= 0 {
				t.Errorf("%q has the stem %q", text, stem)
			}
		}
		terms, err := words.Parse(query)
		if err != nil {
			return
		}
		for _, term := range terms {
			if len(term.Stems) == 0 || term.Begins != "" && len(term.Stems) != 1 {
				t.Errorf("%q has the term %q", query, term)
			}
		}
		if got := words.Excerpt(text, terms); !utf8.ValidString(got) {
			t.Errorf("%q in %q: %q", query, text, got)
		}
		if utf8.ValidString(query) && words.Excerpt(query, terms) == "" {
			t.Errorf("%q does not find itself by %q", query, terms)
		}
	})
}

// BenchmarkOf reads an hour of speech.
func BenchmarkOf(b *testing.B) {
	hour := strings.Repeat("Лекция начинается в шесть, и the lecture begins at six o'clock. ", 800)
	b.SetBytes(int64(len(hour)))
	for b.Loop() {
		words.Of(hour)
	}
}
