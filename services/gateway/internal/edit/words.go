package edit

import (
	"slices"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// mostPairs bounds the table in which words are compared. Beyond, only those at the
// beginning and at the end of a segment are found again.
const mostPairs = 1 << 20

// typed is the probability of a word that a user has written.
const typed = 1

// wordsOf returns the words of a segment. Those that were said there before keep their
// times; the others share the time between their neighbours by their lengths.
func (v *version) wordsOf(s Segment) []*jobv1.Word {
	texts := strings.Fields(s.Text)
	said := v.saidIn(s.StartMs, s.EndMs)
	found := match(texts, said)
	words := make([]*jobv1.Word, len(texts))
	for n, text := range texts {
		words[n] = &jobv1.Word{Text: text, Probability: typed}
		if at := found[n]; at >= 0 {
			words[n] = proto.CloneOf(said[at])
			words[n].Text = text
		}
	}
	for from := 0; from < len(words); {
		to := from
		for to < len(words) && found[to] < 0 {
			to++
		}
		if to > from {
			spread(words[from:to], edge(words, from-1, s.StartMs), start(words, to, s.EndMs))
		}
		from = to + 1
	}
	settle(words, s.StartMs, s.EndMs)
	return words
}

// edge is where word n ends, or outer if there is none.
func edge(words []*jobv1.Word, n int, outer int64) int64 {
	if n < 0 {
		return outer
	}
	return words[n].GetEndMs()
}

// start is where word n begins, or outer if there is none.
func start(words []*jobv1.Word, n int, outer int64) int64 {
	if n >= len(words) {
		return outer
	}
	return words[n].GetStartMs()
}

// saidIn returns the words whose middle lies in a stretch.
func (v *version) saidIn(startMs, endMs int64) []*jobv1.Word {
	var said []*jobv1.Word
	from, _ := slices.BinarySearchFunc(v.words, startMs-v.longest, func(w *jobv1.Word, ms int64) int { return int(w.GetStartMs() - ms) })
	for _, w := range v.words[from:] {
		if w.GetStartMs() > endMs {
			break
		}
		if mid := (w.GetStartMs() + w.GetEndMs()) / 2; mid >= startMs && mid <= endMs {
			said = append(said, w)
		}
	}
	return said
}

// match returns for each text the index of the word in said that it is, in order, or
// -1: as many as possible.
func match(texts []string, said []*jobv1.Word) []int {
	found := make([]int, len(texts))
	for n := range found {
		found[n] = -1
	}
	norms, heard := make([]string, len(texts)), make([]string, len(said))
	for n, text := range texts {
		norms[n] = transcript.Normalise(text)
	}
	for n, word := range said {
		heard[n] = transcript.Normalise(word.GetText())
	}
	same := func(n, m int) bool {
		return norms[n] != "" && norms[n] == heard[m] || texts[n] == said[m].GetText()
	}
	first, lastN, lastM := 0, len(texts), len(said)
	for first < lastN && first < lastM && same(first, first) {
		found[first] = first
		first++
	}
	for lastN > first && lastM > first && same(lastN-1, lastM-1) {
		lastN, lastM = lastN-1, lastM-1
		found[lastN] = lastM
	}
	if (lastN-first)*(lastM-first) <= mostPairs {
		common(found, first, lastN, lastM, same)
	}
	return found
}

// common finds the longest common subsequence of the texts [first, lastN) and the
// words [first, lastM).
func common(found []int, first, lastN, lastM int, same func(n, m int) bool) {
	rows, columns := lastN-first, lastM-first
	longest := make([][]int32, rows+1)
	for n := range longest {
		longest[n] = make([]int32, columns+1)
	}
	for n := rows - 1; n >= 0; n-- {
		for m := columns - 1; m >= 0; m-- {
			longest[n][m] = max(longest[n+1][m], longest[n][m+1])
			if same(first+n, first+m) {
				longest[n][m] = max(longest[n][m], longest[n+1][m+1]+1)
			}
		}
	}
	for n, m := 0, 0; n < rows && m < columns; {
		switch {
		case same(first+n, first+m) && longest[n][m] == longest[n+1][m+1]+1:
			found[first+n] = first + m
			n, m = n+1, m+1
		case longest[n][m] == longest[n+1][m]:
			n++
		default:
			m++
		}
	}
}

// spread gives words their times in a stretch, in proportion to their lengths.
func spread(words []*jobv1.Word, startMs, endMs int64) {
	total, before := int64(0), int64(0)
	for _, w := range words {
		total += int64(utf8.RuneCountInString(w.GetText()))
	}
	length := max(0, endMs-startMs)
	for _, w := range words {
		w.StartMs = startMs + length*before/total
		before += int64(utf8.RuneCountInString(w.GetText()))
		w.EndMs = startMs + length*before/total
	}
}

// settle keeps words within a stretch and in order.
func settle(words []*jobv1.Word, startMs, endMs int64) {
	last := startMs
	for _, w := range words {
		w.StartMs = min(max(w.GetStartMs(), last), endMs)
		w.EndMs = min(max(w.GetEndMs(), w.GetStartMs()), endMs)
		last = w.GetEndMs()
	}
}
