package worker

import (
	"context"

	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/window"
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

// guarded transcribes a window. When the decoder ran into a loop and there is a
// silence to part the window at, the two halves are transcribed instead, on states that no earlier call has used,
// and the better answer is kept. Other settings on the same sound are no help:
// the loop is likely because of what stands before it, and that is what a half
// has less of. The same samples always give the same words.
func (d *decoder) guarded(ctx context.Context, w window.Window, language string) ([]*jobv1.Segment, error) {
	first, err := d.transcribe(ctx, w, language, false)
	if err != nil || repeated(first) == 0 {
		return first, err
	}
	var second []*jobv1.Segment
	for _, half := range w.Halves() {
		segments, err := d.transcribe(ctx, half, language, true)
		if err != nil {
			return nil, err
		}
		second = append(second, segments...)
	}
	if len(second) == 0 || repeated(second) >= repeated(first) {
		return first, nil
	}
	return second, nil
}

// repeated returns how many words of an answer only repeat the ones before, in
// loops; 0 for an answer without.
func repeated(segments []*jobv1.Segment) int {
	var words []string
	for _, s := range segments {
		words = append(words, transcript.Words(s.GetText())...)
	}
	total := 0
	for i := 0; i < len(words); {
		extra := loopAt(words[i:])
		total += extra
		i += max(1, extra)
	}
	return total
}

// loopAt returns how many words at the beginning repeat a phrase that the list
// begins with, not counting its first time; 0 when that is no loop.
func loopAt(words []string) int {
	most := 0
	for length := 1; length <= min(longestPhrase, len(words)/loopTimes); length++ {
		end := length
		for end < len(words) && words[end] == words[end-length] {
			end++
		}
		times := end / length
		if times >= loopTimes && times*length >= loopWords {
			most = max(most, (times-1)*length)
		}
	}
	return most
}
