package whisper

import (
	"strings"
	"testing"
)

// wordCount counts a token a word.
func wordCount(text string) int { return len(strings.Fields(text)) }

func TestFitPrompt_takesWholeKeywordsAndTheEndOfTheText(t *testing.T) {
	t.Parallel()
	many := strings.Fields("a b c d e f g h i j k l")
	for name, c := range map[string]struct {
		text     string
		keywords []string
		want     string
		used     int
	}{
		"nothing":              {"", nil, "", 0},
		"only text":            {"one two", nil, "one two", 0},
		"only keywords":        {"", []string{"Steno", "mesh"}, "Steno, mesh.", 2},
		"both":                 {"Minutes of Monday.", []string{"Steno"}, "Steno. Minutes of Monday.", 1},
		"too many keywords":    {"", many, "a, b, c, d, e, f, g, h, i, j.", 10},
		"too many beside text": {"one two three", many, "a, b, c, d, e, f, g, h. two three", 8},
		"too much text":        {"1 2 3 4 5 6 7 8 9 10", []string{"x", "y"}, "x, y. 3 4 5 6 7 8 9 10", 2},
		"too long a keyword":   {"1 2 3", []string{strings.Repeat("w ", 20)}, "1 2 3", 0},
	} {
		got, used := fitPrompt(c.text, c.keywords, 10, wordCount)
		if got != c.want || used != c.used {
			t.Errorf("%s: %q with %d keywords, want %q with %d", name, got, used, c.want, c.used)
		}
	}
}

func TestFitPrompt_cutsTextWithoutSpacesBetweenCharacters(t *testing.T) {
	t.Parallel()
	runes := func(text string) int { return len([]rune(text)) }

	got, used := fitPrompt("明日の会議は九時から", []string{"x"}, 8, runes)

	if want := "x. は九時から"; got != want || used != 1 {
		t.Errorf("got %q with %d keywords, want %q", got, used, want)
	}
}
