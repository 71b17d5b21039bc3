package transcript_test

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// What is told early is the beginning of what is told in the end, for any plan and
// for times no decoder should give.
func TestAssembly_neverTakesBackWhatItSettled(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		plan, parts := drawParts(r)
		assembly := transcript.NewAssembly(plan)
		var told, copies []*jobv1.Segment
		for _, part := range parts {
			before := proto.CloneOf(part)
			assembly.Add(part)
			if !proto.Equal(part, before) {
				r.Fatal("a part was changed")
			}
			for _, fresh := range assembly.Settled()[len(told):] {
				told, copies = append(told, fresh), append(copies, proto.CloneOf(fresh))
			}
		}
		whole := assembly.Settled()
		if !assembly.Complete() || len(whole) != len(copies) {
			r.Fatalf("%d segments were told, %d there are", len(copies), len(whole))
		}
		for n := range whole {
			if !proto.Equal(whole[n], copies[n]) {
				r.Fatalf("segment %d was told as %v and is %v", n, copies[n], whole[n])
			}
		}
	})
}

// Without it nothing but the last chunk would ever be told.
func TestAssembly_settlesAllButTheOverlap(t *testing.T) {
	t.Parallel()
	plan := &jobv1.Plan{Media: &jobv1.Media{DurationMs: 60_000}, Chunks: []*jobv1.Chunk{
		{Number: 0, EndMs: 30_000}, {Number: 1, StartMs: 20_000, EndMs: 45_000, OverlapMs: 10_000}, {Number: 2, StartMs: 45_000, EndMs: 60_000},
	}}
	assembly := transcript.NewAssembly(plan)
	said := func(starts ...int64) *jobv1.Transcript {
		part := &jobv1.Transcript{}
		for _, start := range starts {
			part.Segments = append(part.Segments, segmentOf(start, "Word."))
		}
		return part
	}

	assembly.Add(said(1_000, 15_000, 22_000))
	if n := len(assembly.Settled()); n != 2 || assembly.Next() != 1 {
		t.Errorf("%d segments settled before the overlap is known, want 2", n)
	}
	assembly.Add(said(22_000, 40_000))
	if n := len(assembly.Settled()); n != 4 {
		t.Errorf("%d segments settled before a cut in silence, want 4", n)
	}
	assembly.Add(said(50_000))
	if n := len(assembly.Settled()); n != 5 || !assembly.Complete() {
		t.Errorf("%d segments settled in the end, want 5", n)
	}
}

func segmentOf(start int64, words ...string) *jobv1.Segment {
	s := &jobv1.Segment{StartMs: start, EndMs: start + int64(len(words))*400}
	for n, word := range words {
		at := start + int64(n)*400
		s.Words = append(s.Words, &jobv1.Word{StartMs: at, EndMs: at + 400, Text: word})
		if n > 0 {
			s.Text += " "
		}
		s.Text += word
	}
	return s
}

func drawParts(r *rapid.T) (*jobv1.Plan, []*jobv1.Transcript) {
	count := rapid.IntRange(0, 6).Draw(r, "chunks")
	plan := &jobv1.Plan{Media: &jobv1.Media{DurationMs: int64(count) * 20_000}}
	var parts []*jobv1.Transcript
	words := []string{"one", "two.", "three", "four."} // the same on both sides now and then
	for n := range count {
		overlap := int64(0)
		if n > 0 {
			overlap = rapid.SampledFrom([]int64{0, 5_000, 10_000, 25_000}).Draw(r, "overlap")
		}
		start := int64(n)*20_000 - overlap
		plan.Chunks = append(plan.Chunks, &jobv1.Chunk{Number: uint32(n), StartMs: start, EndMs: int64(n+1) * 20_000, OverlapMs: overlap})
		part := &jobv1.Transcript{}
		for range rapid.IntRange(0, 5).Draw(r, "segments") {
			at := start + rapid.Int64Range(-3_000, 40_000).Draw(r, "at")
			said := segmentOf(at, rapid.SliceOfN(rapid.SampledFrom(words), 0, 4).Draw(r, "words")...)
			part.Segments = append(part.Segments, said)
		}
		parts = append(parts, part)
	}
	return plan, parts
}
