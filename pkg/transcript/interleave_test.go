package transcript_test

import (
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// by says a sentence on a channel, 400 ms a word.
func by(channel uint32, start int64, text string) *jobv1.Segment {
	s := say(start, text)[0]
	s.Speaker = transcript.ChannelSpeaker(channel)
	return s
}

func lines(segments []*jobv1.Segment) []string {
	var out []string
	for _, s := range segments {
		out = append(out, s.GetSpeaker()+": "+s.GetText())
	}
	return out
}

func TestInterleave_putsTurnsInTheOrderOfTheirBeginnings(t *testing.T) {
	t.Parallel()
	a := []*jobv1.Segment{by(1, 0, "Good morning."), by(1, 6000, "It is ready.")}
	b := []*jobv1.Segment{by(2, 3000, "Is the book ready?"), by(2, 9000, "Good.")}

	got := lines(transcript.Interleave(a, b))

	want := []string{"A: Good morning.", "B: Is the book ready?", "A: It is ready.", "B: Good."}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestInterleave_partsASentenceThatSomebodySpeaksInto(t *testing.T) {
	t.Parallel()
	a := []*jobv1.Segment{by(1, 0, "one two three four five six seven eight nine ten")}
	b := []*jobv1.Segment{by(2, 2000, "Yes.")}

	got := lines(transcript.Interleave(a, b))

	if want := []string{"A: one two three four five", "B: Yes.", "A: six seven eight nine ten"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestInterleave_leavesTheEndOfATurnWhole(t *testing.T) {
	t.Parallel()
	a := []*jobv1.Segment{by(1, 0, "one two three four five six")}
	b := []*jobv1.Segment{by(2, 1900, "Yes.")}

	if got := lines(transcript.Interleave(a, b)); len(got) != 2 {
		t.Errorf("half a second of the next turn parts a sentence: %q", got)
	}
}

func TestInterleave_keepsEveryWordOfEverySpeakerInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		speakers := make([][]*jobv1.Segment, rapid.IntRange(0, 4).Draw(r, "speakers"))
		want, before := map[string]string{}, map[string][]*jobv1.Segment{}
		for n := range speakers {
			name := transcript.ChannelSpeaker(uint32(n + 1))
			var at int64
			for range rapid.IntRange(0, 5).Draw(r, "segments") {
				at += rapid.Int64Range(0, 3000).Draw(r, "pause")
				text := ""
				for w := range rapid.IntRange(1, 12).Draw(r, "words") {
					text += fmt.Sprintf("w%d ", w)
				}
				s := by(uint32(n+1), at, text[:len(text)-1])
				at = s.GetEndMs()
				speakers[n] = append(speakers[n], s)
				want[name] += s.GetText() + " "
				before[name] = append(before[name], proto.CloneOf(s))
			}
		}

		got, last := map[string]string{}, int64(0)
		for _, s := range transcript.Interleave(speakers...) {
			got[s.GetSpeaker()] += s.GetText() + " "
			if s.GetStartMs() < last {
				r.Fatalf("%v begins before %d", s, last)
			}
			last = s.GetStartMs()
		}

		for n := range speakers {
			name := transcript.ChannelSpeaker(uint32(n + 1))
			if got[name] != want[name] {
				r.Fatalf("%s said %q, want %q", name, got[name], want[name])
			}
			if !slices.EqualFunc(speakers[n], before[name], func(a, b *jobv1.Segment) bool { return proto.Equal(a, b) }) {
				r.Fatal("an input was changed")
			}
		}
	})
}
