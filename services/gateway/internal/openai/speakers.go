package openai

import (
	"strconv"
	"strings"
)

// speakers calls the speakers of a transcript what a client calls them, or A, B and so
// on. Whoever is known by the number of a channel has the name of that place; others
// come in the order in which they begin to speak. No two have the same name.
type speakers struct {
	known  []string // by the client, in its order
	places map[string]int
	taken  map[int]bool
}

func newSpeakers(known []string) *speakers {
	return &speakers{known: known, places: map[string]int{}, taken: map[int]bool{}}
}

// name is what a label of the transcript stands for; the empty label, of a recording in
// which speakers were not told apart, is one speaker.
func (s *speakers) name(label string) string {
	place, seen := s.places[label]
	if !seen {
		place = placeOf(label)
		for place < 0 || s.taken[place] {
			place++
		}
		s.places[label], s.taken[place] = place, true
	}
	if place < len(s.known) {
		return s.known[place]
	}
	return letters(place)
}

// placeOf is the place that a label tells, from 0: of a letter, or of the number at its
// end, which counts from 1; -1 if it tells none.
func placeOf(label string) int {
	if len(label) == 1 && label[0] >= 'A' && label[0] <= 'Z' {
		return int(label[0] - 'A')
	}
	digits := label[len(strings.TrimRight(label, "0123456789")):]
	if n, err := strconv.Atoi(digits); err == nil && n <= 1000 {
		return n - 1
	}
	return -1
}

// letters numbers speakers as spreadsheets do columns: A to Z, AA, AB.
func letters(place int) string {
	var name string
	for ; place >= 0; place = place/26 - 1 {
		name = string(rune('A'+place%26)) + name
	}
	return name
}
