package segment_test

import (
	"slices"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/segment"
)

// sec makes spans from pairs of seconds.
func sec(bounds ...float64) []segment.Span {
	var spans []segment.Span
	for pair := range slices.Chunk(bounds, 2) {
		spans = append(spans, segment.Span{StartMs: int64(pair[0] * 1000), EndMs: int64(pair[1] * 1000)})
	}
	return spans
}

func TestPieces_cutInTheRightPlace(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name     string
		duration float64
		speech   []segment.Span
		want     []segment.Span
		overlaps []int64 // ms; nil for none
	}{
		{name: "nothing said, nothing to do", duration: 60},
		{
			name: "a short recording keeps a little silence around its speech", duration: 20,
			speech: sec(3, 8), want: sec(2.5, 8.5),
		},
		{
			name: "a padding never leaves the recording", duration: 5,
			speech: sec(0.2, 4.9), want: sec(0, 5),
		},
		{
			name: "the longest silence of the last third wins", duration: 45,
			speech: sec(0, 10, 12, 21, 21.6, 26, 26.4, 44), want: sec(0, 21.3, 21.3, 44.5),
		},
		{
			name: "of equal silences the later wins", duration: 45,
			speech: sec(0, 21, 21.5, 26, 26.5, 44), want: sec(0, 26.25, 26.25, 44.5),
		},
		{
			name: "the middle third serves when the last has no silence", duration: 45,
			speech: sec(0, 5, 7, 15, 15.3, 40), want: sec(0, 15.15, 15.15, 40.5),
		},
		{
			name: "silence at a cut stays out beyond half a second", duration: 60,
			speech: sec(0, 24, 30, 50), want: sec(0, 24.5, 29.5, 50.5),
		},
		{
			name: "a very long silence belongs to no piece", duration: 60,
			speech: sec(0, 4, 20, 24), want: sec(0, 4.5, 19.5, 24.5),
		},
		{
			name: "a pause too short to cut in makes an overlap that begins and ends at pauses", duration: 40,
			speech: sec(0, 18.9, 19, 29, 29.1, 40), want: sec(0, 29.05, 18.95, 40), overlaps: []int64{0, 10_100},
		},
		{
			name: "speech without any pause overlaps by ten seconds", duration: 65,
			speech: sec(0, 65), want: sec(0, 30, 20, 50, 40, 65), overlaps: []int64{0, 10_000, 10_000},
		},
		{
			name: "a last word too short for a piece joins the one before", duration: 30,
			speech: sec(0, 14, 25, 25.5), want: sec(0, 26),
		},
		{
			name: "a first word too short for a piece joins the one after", duration: 40,
			speech: sec(0, 0.5, 12, 20), want: sec(0, 20.5),
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			ms := int64(tc.duration * 1000)
			pieces := segment.Pieces(ms, tc.speech, segment.ChunkRule(ms))

			var spans []segment.Span
			for i, p := range pieces {
				spans = append(spans, p.Span)
				if tc.overlaps != nil && p.OverlapMs != tc.overlaps[i] || tc.overlaps == nil && p.OverlapMs != 0 {
					t.Errorf("piece %d overlaps by %d ms", i, p.OverlapMs)
				}
			}
			if !slices.Equal(spans, tc.want) {
				t.Errorf("got %v, want %v", spans, tc.want)
			}
		})
	}
}

func TestChunkRule_growsWithTheRecording(t *testing.T) {
	t.Parallel()
	const minute = 60_000
	for durationMs, want := range map[int64]int64{
		1: 30_000, 10 * minute: 30_000, 10*minute + 1: 60_000,
		30 * minute: 60_000, 30*minute + 1: 120_000,
	} {
		if got := segment.ChunkRule(durationMs).MaxMs; got != want {
			t.Errorf("chunks of a recording of %d ms: at most %d ms, want %d", durationMs, got, want)
		}
	}
}

func TestPieces_wholeRuleLeavesNothingOut(t *testing.T) {
	t.Parallel()

	pieces := segment.Pieces(100_000, sec(2, 5, 70, 80), segment.ChunkRule(100_000).Whole())

	var at int64
	for i, p := range pieces {
		if p.StartMs != at || p.Len() > 30_000 {
			t.Errorf("piece %d is %v, want it to begin at %d and last at most 30 s", i, p.Span, at)
		}
		at = p.EndMs
	}
	if at != 100_000 {
		t.Errorf("the pieces end at %d", at)
	}
}

func TestLead_isThePieceWithMostSpeech(t *testing.T) {
	t.Parallel()
	pieces := []segment.Piece{
		{Speech: sec(0, 3)}, {Speech: sec(30, 34, 35, 36)}, {Speech: sec(60, 65)},
	}

	if got := segment.Lead(pieces); got != 1 {
		t.Errorf("lead is %d, want 1, the first with five seconds", got)
	}
}
