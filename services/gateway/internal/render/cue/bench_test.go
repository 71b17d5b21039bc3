package cue_test

import (
	"strings"
	"testing"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render/cue"
)

// BenchmarkCues is the cues of an hour of speech, 9750 words.
func BenchmarkCues(b *testing.B) {
	var segments []*jobv1.Segment
	for n := range int64(750) {
		text := strings.Repeat("word and more, ", 4) + "end."
		segment := &jobv1.Segment{StartMs: n * 4800, EndMs: n*4800 + 4500, Text: text}
		for i, word := range strings.Fields(text) {
			start := n*4800 + int64(i)*370
			segment.Words = append(segment.Words, &jobv1.Word{StartMs: start, EndMs: start + 300, Text: word})
		}
		segments = append(segments, segment)
	}
	for b.Loop() {
		if len(cue.Build(segments, cue.Defaults())) == 0 {
			b.Fatalf("no cues of %d segments", len(segments))
		}
	}
}
