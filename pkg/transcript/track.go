package transcript

import (
	"math"

	"google.golang.org/protobuf/proto"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// track puts the chunks of one channel together, or those of a mix.
type track struct {
	durationMs int64 // of the recording
	chunks     []*jobv1.Chunk
	reach      []int64 // reach[n]: chunks from n on change nothing that ends before, in milliseconds
	next       int     // chunk that add takes
	said       []*jobv1.Segment
	tidied     int              // of said are in settled, or were left out of it
	settled    []*jobv1.Segment // copies
	last       int64            // latest time in settled, in milliseconds
}

func newTrack(durationMs int64, chunks []*jobv1.Chunk) *track {
	reach := make([]int64, len(chunks)+1)
	reach[len(chunks)] = math.MaxInt64
	for n := len(chunks) - 1; n >= 0; n-- {
		reach[n] = reach[n+1]
		if chunks[n].GetOverlapMs() > 0 {
			reach[n] = min(reach[n], chunks[n].GetStartMs())
		}
	}
	return &track{durationMs: durationMs, chunks: chunks, reach: reach}
}

func (t *track) complete() bool { return t.next == len(t.chunks) }

// add takes what the next chunk says and returns what is settled by it.
func (t *track) add(part *jobv1.Transcript) []*jobv1.Segment {
	chunk := t.chunks[t.next]
	overlap := Span{StartMs: chunk.GetStartMs(), EndMs: chunk.GetStartMs() + chunk.GetOverlapMs()}
	t.said = Join(t.said, part.GetSegments(), overlap)
	t.next++
	before := len(t.settled)
	t.settle()
	return t.settled[before:]
}

// horizon is the time before which nothing more begins that is not settled.
func (t *track) horizon() int64 {
	next := int64(math.MaxInt64)
	if t.tidied < len(t.said) {
		next = t.said[t.tidied].GetStartMs()
	}
	if !t.complete() {
		next = min(next, t.chunks[t.next].GetStartMs())
	}
	return max(next, t.last)
}

// settle tidies what no later chunk reaches. Join leaves alone the segments at the
// beginning that end before the overlap.
func (t *track) settle() {
	for t.tidied < len(t.said) && (t.complete() || t.said[t.tidied].GetEndMs() < t.reach[t.next]) {
		if segment := t.said[t.tidied]; segment.GetText() != "" {
			t.settled = append(t.settled, t.tidy(segment))
		}
		t.tidied++
	}
}

// tidy returns a copy with times that never go back and never leave the recording. A
// recording of unknown length bounds nothing.
func (t *track) tidy(segment *jobv1.Segment) *jobv1.Segment {
	segment = proto.CloneOf(segment)
	segment.StartMs = t.within(segment.GetStartMs())
	for _, word := range segment.GetWords() {
		word.StartMs = t.within(word.GetStartMs())
		word.EndMs = t.within(word.GetEndMs())
	}
	segment.EndMs = t.within(segment.GetEndMs())
	return segment
}

func (t *track) within(ms int64) int64 {
	ms = max(ms, t.last)
	if duration := t.durationMs; duration > 0 {
		ms = min(ms, duration)
	}
	t.last = ms
	return ms
}
