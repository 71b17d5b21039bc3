package whisper

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// textTokens cuts a text into tokens at each "|".
func textTokens(text string) []token {
	var tokens []token
	for piece := range strings.SplitSeq(text, "|") {
		tokens = append(tokens, token{text: []byte(piece), probability: 1})
	}
	return tokens
}

func TestWords_standBetweenSpaces(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, tokens string
		want         []string
	}{
		{"punctuation clings to the word before it", " Good| morning|,| every|one|.", []string{"Good", "morning,", "everyone."}},
		{"brackets and quotes cling to what they enclose", " he| said| \"|yes|\".", []string{"he", "said", "\"yes\"."}},
		{"Russian", " До|брое| ут|ро|,| отчёт|.", []string{"Доброе", "утро,", "отчёт."}},
		{"a dash with spaces stands alone", " Он| —| врач|.", []string{"Он", "—", "врач."}},
		{"hyphens and apostrophes join", " don|'|t| re|-|do", []string{"don't", "re-do"}},
		{"Chinese is cut at each character", "你|好|,|世|界|。|是", []string{"你", "好,", "世", "界。", "是"}},
		{"Japanese marks cling", "スー|パー|「|猫|」|です", []string{"スー", "パー", "「猫」", "で", "す"}},
		{"Latin letters inside Chinese are one word", "我|用| Linux|系|统", []string{"我", "用", "Linux", "系", "统"}},
		{"Thai keeps its marks", "ที่|นี่", []string{"ที่", "นี่"}},
		{"space alone", " | |", nil},
		{"nothing", "", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()

			var got []string
			for _, w := range words(textTokens(c.tokens)) {
				got = append(got, w.Text)
			}

			if !slices.Equal(got, c.want) {
				t.Errorf("words of %q are %q, want %q", c.tokens, got, c.want)
			}
		})
	}
}

func TestWords_joinCharactersThatTwoTokensShare(t *testing.T) {
	t.Parallel()
	text := " Мяу" // М is d0 9c
	tokens := []token{{text: []byte(text[:2]), probability: 0.4}, {text: []byte(text[2:]), probability: 0.8}}

	got := words(tokens)

	if len(got) != 1 || got[0].Text != "Мяу" {
		t.Fatalf("words are %v, want Мяу", got)
	}
	if p := got[0].Probability; p < 0.599 || p > 0.601 {
		t.Errorf("probability is %v, want the mean of the tokens, 0.6", p)
	}
}

func TestWords_replaceWhatIsNoText(t *testing.T) {
	t.Parallel()

	got := words([]token{{text: []byte(" ok")}, {text: []byte{' ', 0xd0}}})

	if len(got) != 2 || got[1].Text != "\uFFFD" {
		t.Errorf("words are %v, want ok and a replacement character", got)
	}
}

// Tokens are what a model file and any sound make of each other: any bytes.
func FuzzWords(f *testing.F) {
	f.Add([]byte(" Good morning, everyone."), uint8(3))
	f.Add([]byte(" Доброе утро — это «я»."), uint8(1))
	f.Add([]byte("你好 \xd0\xff「"), uint8(2))
	f.Fuzz(func(t *testing.T, text []byte, size uint8) {
		var tokens []token
		for piece := range slices.Chunk(text, int(size)+1) {
			tokens = append(tokens, token{text: piece, probability: 1})
		}

		list := words(tokens)
		layOut(list, []stretch{{0, frame}, {2 * frame, 100 * frame}})

		var joined strings.Builder
		var last Word
		for _, w := range list {
			if w.Text == "" || !utf8.ValidString(w.Text) || strings.ContainsFunc(w.Text, unicode.IsSpace) {
				t.Errorf("%q is not a word", w.Text)
			}
			if w.Start < last.End || w.End < w.Start || w.End > 100*frame {
				t.Errorf("%v after %v is out of order", w, last)
			}
			last = w
			joined.WriteString(w.Text)
		}
		if want := withoutSpace(text); utf8.Valid(text) && joined.String() != want {
			t.Errorf("words join to %q, want %q", joined.String(), want)
		}
	})
}

func withoutSpace(text []byte) string {
	return strings.Join(strings.FieldsFunc(string(text), unicode.IsSpace), "")
}
