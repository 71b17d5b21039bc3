package assemble_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/dispatcher/internal/assemble"
)

func TestAssemble_ordersChunksAndNamesTheModel(t *testing.T) {
	t.Parallel()
	plan := planOf(60_000, chunk(0, 0, 30_000, 0), chunk(1, 30_000, 60_000, 0))
	parts := []assemble.Part{
		{Chunk: 1, Transcript: said("ru", segment(31_000, "Доброе", "утро."))},
		{Chunk: 0, Transcript: said("en", segment(1_000, "Good", "morning", "to", "you", "all."))},
	}

	whole, err := assemble.Assemble(plan, parts)

	if err != nil {
		t.Fatal(err)
	}
	if got, want := transcript.Text(whole.GetSegments()), "Good morning to you all. Доброе утро."; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
	if whole.GetLanguage() != "en" || whole.GetDurationMs() != 60_000 {
		t.Errorf("language %q, duration %d", whole.GetLanguage(), whole.GetDurationMs())
	}
	if whole.GetModel() != "demo" || whole.GetModelSha256() != "abc" || whole.GetEngine() != "engine 1" {
		t.Errorf("model %q %q, engine %q", whole.GetModel(), whole.GetModelSha256(), whole.GetEngine())
	}
}

func TestAssemble_joinsAnOverlapOnce(t *testing.T) {
	t.Parallel()
	plan := planOf(50_000, chunk(0, 0, 30_000, 0), chunk(1, 20_000, 50_000, 10_000))
	parts := []assemble.Part{
		{Chunk: 0, Transcript: said("en", segment(5_000, "One", "two."), segment(24_000, "Three", "four."), segment(28_800, "Fife."))},
		{Chunk: 1, Transcript: said("en", segment(24_050, "Three", "four."), segment(28_800, "Five", "six."))},
	}

	whole, err := assemble.Assemble(plan, parts)

	if err != nil {
		t.Fatal(err)
	}
	if got, want := transcript.Text(whole.GetSegments()), "One two. Three four. Five six."; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
}

func TestAssemble_interleavesChannelsAndJoinsEachByItself(t *testing.T) {
	t.Parallel()
	one, two, three := chunk(0, 0, 30_000, 0), chunk(1, 0, 30_000, 0), chunk(2, 20_000, 50_000, 10_000)
	one.Channel, two.Channel, three.Channel = 1, 2, 1
	parts := []assemble.Part{
		{Chunk: 0, Transcript: said("en", segment(5_000, "One", "two."), segment(24_000, "Three", "four."), segment(28_800, "Fife."))},
		{Chunk: 1, Transcript: said("en", segment(5_300, "Yes."), segment(22_000, "No."))},
		{Chunk: 2, Transcript: said("en", segment(24_050, "Three", "four."), segment(28_800, "Five", "six."))},
	}

	whole, err := assemble.Assemble(planOf(50_000, one, two, three), parts)

	if err != nil {
		t.Fatal(err)
	}
	if got, want := transcript.Text(whole.GetSegments()), "One two. Yes. No. Three four. Five six."; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
	if start := whole.GetSegments()[1].GetStartMs(); start != 5_300 {
		t.Errorf("what is said across is at %d ms, want 5300: other channels do not move it", start)
	}
}

func TestAssemble_withoutSpeechIsAnEmptyTranscript(t *testing.T) {
	t.Parallel()

	whole, err := assemble.Assemble(planOf(5_000), nil)

	if err != nil {
		t.Fatal(err)
	}
	if len(whole.GetSegments()) != 0 || whole.GetLanguage() != "" || whole.GetDurationMs() != 5_000 {
		t.Errorf("got %v", whole)
	}
}

func TestAssemble_wantsEveryChunkAndNoOther(t *testing.T) {
	t.Parallel()
	plan := planOf(60_000, chunk(0, 0, 30_000, 0), chunk(1, 30_000, 60_000, 0))

	if _, err := assemble.Assemble(plan, []assemble.Part{{Chunk: 0, Transcript: said("en")}}); err == nil {
		t.Error("a missing chunk went unnoticed")
	}
	if _, err := assemble.Assemble(plan, []assemble.Part{{Chunk: 2, Transcript: said("en")}}); err == nil {
		t.Error("a chunk that is not in the plan went unnoticed")
	}
}

// TestAssemble_isAFunctionOfItsInput holds for any order of results, and for
// times no decoder should give.
func TestAssemble_isAFunctionOfItsInput(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		plan, parts := drawResults(r)
		shuffled := rapid.Permutation(parts).Draw(r, "order")
		before := make([]*jobv1.Transcript, len(parts))
		for n, part := range parts {
			before[n] = proto.CloneOf(part.Transcript)
		}

		one, err := encoded(plan, parts)
		if err != nil {
			r.Fatal(err)
		}
		other, err := encoded(plan, shuffled)
		if err != nil {
			r.Fatal(err)
		}

		if !bytes.Equal(one, other) {
			r.Fatal("the order of results changes the transcript")
		}
		if !slices.EqualFunc(parts, before, func(p assemble.Part, t *jobv1.Transcript) bool { return proto.Equal(p.Transcript, t) }) {
			r.Fatal("a part was changed")
		}
		checkTimes(r, one, plan.GetMedia().GetDurationMs())
	})
}

func drawResults(r *rapid.T) (*jobv1.Plan, []assemble.Part) {
	count := rapid.IntRange(1, 5).Draw(r, "chunks")
	plan := planOf(int64(count) * 20_000)
	var parts []assemble.Part
	for n := range count {
		overlap := int64(0)
		if n > 0 {
			overlap = rapid.SampledFrom([]int64{0, 10_000}).Draw(r, "overlap")
		}
		start := int64(n)*20_000 - overlap
		plan.Chunks = append(plan.Chunks, chunk(uint32(n), start, int64(n+1)*20_000, overlap))
		var segments []*jobv1.Segment
		for s := range rapid.IntRange(0, 4).Draw(r, "segments") {
			at := start + rapid.Int64Range(-500, 21_000).Draw(r, "at")
			s := segment(at, fmt.Sprintf("word%d", n*10+s), "and", "more.")
			s.Language = rapid.SampledFrom([]string{"en", "ru"}).Draw(r, "language")
			segments = append(segments, s)
		}
		parts = append(parts, assemble.Part{Chunk: uint32(n), Transcript: said("", segments...)})
	}
	return plan, parts
}

func checkTimes(r *rapid.T, data []byte, duration int64) {
	whole := &jobv1.Transcript{}
	if err := proto.Unmarshal(data, whole); err != nil {
		r.Fatal(err)
	}
	last := int64(0)
	for _, s := range whole.GetSegments() {
		times := []int64{s.GetStartMs()}
		for _, w := range s.GetWords() {
			times = append(times, w.GetStartMs(), w.GetEndMs())
		}
		for _, ms := range append(times, s.GetEndMs()) {
			if ms < last || ms > duration {
				r.Fatalf("%d follows %d in a recording of %d ms", ms, last, duration)
			}
			last = ms
		}
	}
}

func encoded(plan *jobv1.Plan, parts []assemble.Part) ([]byte, error) {
	whole, err := assemble.Assemble(plan, parts)
	if err != nil {
		return nil, err
	}
	return assemble.Encode(whole)
}

func planOf(durationMs int64, chunks ...*jobv1.Chunk) *jobv1.Plan {
	return &jobv1.Plan{JobId: "j", Attempt: 1, Media: &jobv1.Media{DurationMs: durationMs}, Chunks: chunks}
}

func chunk(n uint32, start, end, overlap int64) *jobv1.Chunk {
	return &jobv1.Chunk{Number: n, StartMs: start, EndMs: end, OverlapMs: overlap}
}

func said(language string, segments ...*jobv1.Segment) *jobv1.Transcript {
	for _, s := range segments {
		if s.GetLanguage() == "" {
			s.Language = language
		}
	}
	return &jobv1.Transcript{Segments: segments, Model: "demo", ModelSha256: "abc", Engine: "engine 1"}
}

// segment says words of 400 ms each.
func segment(start int64, words ...string) *jobv1.Segment {
	s := &jobv1.Segment{StartMs: start, EndMs: start + int64(len(words))*400, Text: strings.Join(words, " ")}
	for n, word := range words {
		at := start + int64(n)*400
		s.Words = append(s.Words, &jobv1.Word{StartMs: at, EndMs: at + 400, Text: word})
	}
	return s
}
