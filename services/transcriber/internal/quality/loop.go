package quality

import (
	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

const (
	// A phrase counts as a loop when it comes this many times in a row, and the
	// repetitions make up at least loopWords. People do say a word four times,
	// or a short sentence twice.
	loopTimes = 3
	loopWords = 6
	// longestPhrase is the greatest number of words that a loop is looked for in.
	longestPhrase = 8
)

// loops tells which segments hold words of a loop, which may go over several.
func loops(segments []*jobv1.Segment) []bool {
	var words []string
	var owner []int // the segment of each word
	for n, s := range segments {
		for _, word := range transcript.Words(s.GetText()) {
			words, owner = append(words, word), append(owner, n)
		}
	}
	looped := make([]bool, len(segments))
	for i := 0; i < len(words); {
		extra, phrase := loopAt(words[i:])
		if extra > 0 {
			for _, n := range owner[i : i+phrase+extra] {
				looped[n] = true
			}
		}
		i += max(1, extra)
	}
	return looped
}

// repeated returns how many words only repeat the ones before, in loops.
func repeated(segments []*jobv1.Segment) int {
	var words []string
	for _, s := range segments {
		words = append(words, transcript.Words(s.GetText())...)
	}
	total := 0
	for i := 0; i < len(words); {
		extra, _ := loopAt(words[i:])
		total += extra
		i += max(1, extra)
	}
	return total
}

// loopAt returns how many words at the beginning repeat a phrase that the list
// begins with, not counting its first time, and the length of the phrase; 0 when
// that is no loop.
func loopAt(words []string) (extra, phrase int) {
	for length := 1; length <= min(longestPhrase, len(words)/loopTimes); length++ {
		end := length
		for end < len(words) && words[end] == words[end-length] {
			end++
		}
		times := end / length
		if again := (times - 1) * length; times >= loopTimes && times*length >= loopWords && again > extra {
			extra, phrase = again, length
		}
	}
	return extra, phrase
}

// density is the compression ratio of a text in which every letter is one byte. In
// UTF-8 Cyrillic letters take two, and ordinary Russian comes close to the
// threshold.
func density(text string) float32 {
	letters := make([]byte, 0, len(text))
	for _, r := range text {
		letters = append(letters, byte(r))
	}
	return transcript.CompressionRatio(string(letters))
}
