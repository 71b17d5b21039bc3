package gateway_test

import (
	"strings"
	"testing"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render/cue"
)

// BenchmarkAccept is one job accepted over HTTP: a durable write on a bus that
// syncs each one.
func BenchmarkAccept(b *testing.B) {
	r := start(b, func(c *gateway.Config) { c.MaxLiveTasks = 1 << 30 })
	ann := r.login("ann")
	ann.put("f1", sound("a")).wants(201, "")
	for b.Loop() {
		ann.send("POST", "/api/v1/transcription/create", `{"file_id":"f1"}`).wants(201, "")
	}
}

// BenchmarkStatus is one status of a job under way over HTTP.
func BenchmarkStatus(b *testing.B) {
	r := start(b)
	ann := r.login("ann")
	id := ann.task("")
	for b.Loop() {
		ann.status(id, "").wants(200, "")
	}
}

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
