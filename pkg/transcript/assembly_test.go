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

// What is told early of several channels is the beginning of what they come to in the
// end, and the end is what Interleave makes of each channel alone.
func TestAssembly_settlesChannelsSideBySide(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		plan := &jobv1.Plan{Media: &jobv1.Media{DurationMs: 100_000}}
		alone := make([]*transcript.Assembly, 3)
		plans := make([]*jobv1.Plan, len(alone))
		var parts []*jobv1.Transcript
		for n := range plans {
			plans[n] = &jobv1.Plan{Media: plan.GetMedia()}
		}
		for n := range uint32(rapid.IntRange(0, 8).Draw(r, "chunks")) {
			channel, start := rapid.IntRange(0, 2).Draw(r, "channel"), int64(n)*10_000
			chunk := &jobv1.Chunk{Number: n, StartMs: start, EndMs: start + 10_000, Channel: uint32(channel)}
			plan.Chunks = append(plan.Chunks, chunk)
			plans[channel].Chunks = append(plans[channel].Chunks, &jobv1.Chunk{StartMs: start, EndMs: start + 10_000})
			part := &jobv1.Transcript{}
			for at := start; at < chunk.GetEndMs(); {
				at += rapid.Int64Range(0, 6_000).Draw(r, "pause")
				said := segmentOf(at, rapid.SliceOfN(rapid.Just("word"), 1, 12).Draw(r, "words")...)
				part.Segments, at = append(part.Segments, said), said.GetEndMs()
			}
			parts = append(parts, part)
		}
		for n := range alone {
			alone[n] = transcript.NewAssembly(plans[n])
		}

		assembly := transcript.NewAssembly(plan)
		var told []*jobv1.Segment
		for n, part := range parts {
			assembly.Add(part)
			alone[plan.GetChunks()[n].GetChannel()].Add(part)
			told = append(told, assembly.Settled()[len(told):]...)
		}

		want := transcript.Interleave(alone[0].Settled(), alone[1].Settled(), alone[2].Settled())
		if len(told) != len(want) {
			r.Fatalf("%d segments were told, want %d", len(told), len(want))
		}
		for n := range want {
			if !proto.Equal(told[n], want[n]) {
				r.Fatalf("segment %d was told as %v, want %v", n, told[n], want[n])
			}
		}
	})
}

// What only one person says is told while the other is silent.
func TestAssembly_tellsOneChannelWhileTheOtherIsSilent(t *testing.T) {
	t.Parallel()
	plan := &jobv1.Plan{Media: &jobv1.Media{DurationMs: 90_000}, Chunks: []*jobv1.Chunk{
		{Number: 0, EndMs: 30_000, Channel: 1}, {Number: 1, StartMs: 40_000, EndMs: 60_000, Channel: 2}, {Number: 2, StartMs: 50_000, EndMs: 90_000, Channel: 1},
	}}
	assembly := transcript.NewAssembly(plan)

	assembly.Add(&jobv1.Transcript{Segments: []*jobv1.Segment{segmentOf(1_000, "Good.")}})

	if n := len(assembly.Settled()); n != 1 {
		t.Errorf("%d segments are settled; the other channel begins at 40 s", n)
	}
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
