package quality

import (
	"slices"
	"strings"
	"testing"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func said(texts ...string) []*jobv1.Segment {
	var segments []*jobv1.Segment
	for _, text := range texts {
		segments = append(segments, &jobv1.Segment{Text: text, AvgLogprob: -0.2})
	}
	return segments
}

func TestRepeated_tellsLoopsFromSpeech(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"":                                    0,
		"No, no, no, no!":                     0,
		"The room is five. The room is five.": 0,
		"five five five five five five five":  6,
		"Ninety five, five, five, five, five, five and one": 5,
		"in six hours in six hours in six hours":            6,
		"One two three four five six seven eight nine ten":  0,
		"да да да да да да да да":                           7,
	} {
		if got := repeated(said(text)); got != want {
			t.Errorf("%q: %d words are repeated, want %d", text, got, want)
		}
	}
}

func TestLoops_goOverSegments(t *testing.T) {
	t.Parallel()
	segments := said("Good morning.", "Thank you very much.", "Thank you very much.", "Thank you very much.", "The end.")

	if got := repeated(segments); got != 8 {
		t.Errorf("%d words are repeated, want 8", got)
	}
	if got := loops(segments); !slices.Equal(got, []bool{false, true, true, true, false}) {
		t.Errorf("loops in %v", got)
	}
}

func TestDensity_isTheSameForAnyAlphabet(t *testing.T) {
	t.Parallel()
	russian := "Сегодня вторник, запись будет в семь часов, а проект начинается в шесть часов, и доклад уже на столе. " +
		"Пожалуйста, запишите красный компьютер, потому что в комнате тридцать девять дней не было ни одного урока."

	if got := density(russian); got > 1.6 {
		t.Errorf("ordinary Russian has %.2f", got)
	}
	if got := density(strings.Repeat("запись будет ", 12)); got < repetitive {
		t.Errorf("a loop in Russian has %.2f", got)
	}
}
