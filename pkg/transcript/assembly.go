package transcript

import (
	"math"

	"google.golang.org/protobuf/proto"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Assembly makes the segments of a recording from what its chunks say, chunk by
// chunk. Neighbours that overlap are joined at the best gap between words; times come
// out in order and within the recording; segments without text are left out. The
// dispatcher assembles whole transcripts with it, the gateway tells segments before
// the last chunk is done. It is not safe for several goroutines.
type Assembly struct {
	plan    *jobv1.Plan
	reach   []int64 // reach[n]: chunks from n on change nothing that ends before, in milliseconds
	next    int     // chunk that Add takes
	said    []*jobv1.Segment
	tidied  int              // of said are in settled, or were left out of it
	settled []*jobv1.Segment // copies
	last    int64            // latest time in settled, in milliseconds
}

// NewAssembly returns an assembly of the chunks of a plan, none of which is added yet.
func NewAssembly(plan *jobv1.Plan) *Assembly {
	chunks := plan.GetChunks()
	reach := make([]int64, len(chunks)+1)
	reach[len(chunks)] = math.MaxInt64
	for n := len(chunks) - 1; n >= 0; n-- {
		reach[n] = reach[n+1]
		if chunks[n].GetOverlapMs() > 0 {
			reach[n] = min(reach[n], chunks[n].GetStartMs())
		}
	}
	return &Assembly{plan: plan, reach: reach}
}

// Next is the number of the chunk that Add takes; there is no such chunk when all
// are added.
func (a *Assembly) Next() int { return a.next }

// Complete reports whether all chunks are added.
func (a *Assembly) Complete() bool { return a.next == len(a.plan.GetChunks()) }

// Add takes what the chunk Next says, which it does not change. There must be such a
// chunk.
func (a *Assembly) Add(part *jobv1.Transcript) {
	chunk := a.plan.GetChunks()[a.next]
	overlap := Span{StartMs: chunk.GetStartMs(), EndMs: chunk.GetStartMs() + chunk.GetOverlapMs()}
	a.said = Join(a.said, part.GetSegments(), overlap)
	a.next++
	a.settle()
}

// Settled returns the segments that no later chunk changes; all of them when the
// assembly is complete. They are shared and not to be changed: what is returned later
// begins with them.
func (a *Assembly) Settled() []*jobv1.Segment { return a.settled[:len(a.settled):len(a.settled)] }

// settle tidies what no later chunk reaches. Join leaves alone the segments at the
// beginning that end before the overlap.
func (a *Assembly) settle() {
	for a.tidied < len(a.said) && (a.Complete() || a.said[a.tidied].GetEndMs() < a.reach[a.next]) {
		if segment := a.said[a.tidied]; segment.GetText() != "" {
			a.settled = append(a.settled, a.tidy(segment))
		}
		a.tidied++
	}
}

// tidy returns a copy with times that never go back and never leave the recording. A
// recording of unknown length bounds nothing.
func (a *Assembly) tidy(segment *jobv1.Segment) *jobv1.Segment {
	segment = proto.CloneOf(segment)
	segment.StartMs = a.within(segment.GetStartMs())
	for _, word := range segment.GetWords() {
		word.StartMs = a.within(word.GetStartMs())
		word.EndMs = a.within(word.GetEndMs())
	}
	segment.EndMs = a.within(segment.GetEndMs())
	return segment
}

func (a *Assembly) within(ms int64) int64 {
	ms = max(ms, a.last)
	if duration := a.plan.GetMedia().GetDurationMs(); duration > 0 {
		ms = min(ms, duration)
	}
	a.last = ms
	return ms
}
