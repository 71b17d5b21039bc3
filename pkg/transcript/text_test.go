package transcript_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestText_joinsSegments(t *testing.T) {
	t.Parallel()
	segments := []*jobv1.Segment{{Text: "Good morning."}, {}, {Text: "Доброе утро."}}

	if got, want := transcript.Text(segments), "Good morning. Доброе утро."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNormalise_keepsLettersAndDigits(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"Hello,": "hello", "Ёлка!": "елка", "don't": "dont", "3,14": "314", "«Да»": "да", "—": "", "": "",
	} {
		if got := transcript.Normalise(word); got != want {
			t.Errorf("%q gives %q, want %q", word, got, want)
		}
	}
}

func TestWords_partAtSpacesAndHyphens(t *testing.T) {
	t.Parallel()

	got := transcript.Words("Twenty-one — да,\tещё\nраз.")

	if want := []string{"twenty", "one", "да", "еще", "раз"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestCompressionRatio_isHighForALoop(t *testing.T) {
	t.Parallel()
	plain := transcript.CompressionRatio("The train leaves the station at seven in the morning.")
	loop := transcript.CompressionRatio(strings.Repeat("and then ", 40))

	if plain > 1.5 || loop < 2.4 || transcript.CompressionRatio("") != 0 {
		t.Errorf("plain %.2f, loop %.2f", plain, loop)
	}
}

func TestWER_countsTheFewestCorrections(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		reference, hypothesis string
		errors, words         int
	}{
		"same but for signs": {"Good morning, everyone.", "good morning everyone", 0, 3},
		"ё is е":             {"Ещё раз.", "Еще раз", 0, 2},
		"one replaced":       {"one two three", "one too three", 1, 3},
		"one missing":        {"one two three", "one three", 1, 3},
		"one more":           {"one two three", "one two two three", 1, 3},
		"all missing":        {"one two three", "", 3, 3},
		"nothing was said":   {"", "one two", 2, 0},
		"a mixture":          {"a b c d e", "b c x e f", 3, 5},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			errors, words := transcript.WER(c.reference, c.hypothesis)
			if errors != c.errors || words != c.words {
				t.Errorf("got %d of %d, want %d of %d", errors, words, c.errors, c.words)
			}
		})
	}
}
