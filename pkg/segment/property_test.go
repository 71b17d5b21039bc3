package segment_test

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/stenomesh/stenomesh/pkg/segment"
)

// recording draws the length of a recording and where there is speech in it.
func recording(t *rapid.T) (int64, []segment.Span) {
	var speech []segment.Span
	at := rapid.Int64Range(0, 5_000).Draw(t, "lead-in")
	for range rapid.IntRange(0, 60).Draw(t, "utterances") {
		end := at + rapid.Int64Range(100, 40_000).Draw(t, "speech")
		speech = append(speech, segment.Span{StartMs: at, EndMs: end})
		at = end + rapid.OneOf(rapid.Int64Range(100, 900), rapid.Int64Range(100, 60_000)).Draw(t, "silence")
	}
	return at, speech
}

func rule(t *rapid.T) segment.Rule {
	r := segment.ChunkRule(rapid.SampledFrom([]int64{1_000, 700_000, 2_000_000}).Draw(t, "rule for"))
	if rapid.Bool().Draw(t, "whole") {
		return r.Whole()
	}
	return r
}

func TestPieces_keepTheirPromises(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		duration, speech := recording(t)
		rule := rule(t)

		pieces := segment.Pieces(duration, speech, rule)

		checkOrder(t, pieces, duration, rule)
		checkSpeech(t, pieces, speech)
		checkCuts(t, pieces, speech, rule)
		if again := segment.Pieces(duration, speech, rule); !reflect.DeepEqual(pieces, again) {
			t.Fatalf("two calls differ: %v and %v", pieces, again)
		}
	})
}

func checkOrder(t *rapid.T, pieces []segment.Piece, duration int64, rule segment.Rule) {
	for i, p := range pieces {
		if p.Len() <= 0 || p.Len() > rule.MaxMs || p.StartMs < 0 || p.EndMs > duration {
			t.Fatalf("piece %d is %v in a recording of %d ms, at most %d ms", i, p.Span, duration, rule.MaxMs)
		}
		if i > 0 && (p.StartMs <= pieces[i-1].StartMs || p.EndMs <= pieces[i-1].EndMs) {
			t.Fatalf("piece %d %v does not follow %v", i, p.Span, pieces[i-1].Span)
		}
		if i > 0 && p.OverlapMs != max(0, pieces[i-1].EndMs-p.StartMs) {
			t.Fatalf("piece %d %v after %v says it overlaps by %d ms", i, p.Span, pieces[i-1].Span, p.OverlapMs)
		}
	}
}

// checkSpeech holds that every millisecond of speech is in a piece and is
// counted once but for the overlaps.
func checkSpeech(t *rapid.T, pieces []segment.Piece, speech []segment.Span) {
	for _, s := range speech {
		at := s.StartMs
		for _, p := range pieces {
			for _, part := range p.Speech {
				if part.StartMs < p.StartMs || part.EndMs > p.EndMs {
					t.Fatalf("speech %v outside its piece %v", part, p.Span)
				}
				if part.StartMs <= at && part.EndMs > at {
					at = part.EndMs
				}
			}
		}
		if at < s.EndMs {
			t.Fatalf("speech %v is in the pieces only up to %d", s, at)
		}
	}
}

// checkCuts holds that a piece ends in silence, or else the next overlaps and
// there was no silence to cut in.
func checkCuts(t *rapid.T, pieces []segment.Piece, speech []segment.Span, rule segment.Rule) {
	for i := range len(pieces) - 1 {
		end, next := pieces[i].EndMs, pieces[i+1]
		if next.OverlapMs == 0 {
			for _, s := range speech {
				if s.StartMs < end && end < s.EndMs || s.StartMs < next.StartMs && next.StartMs < s.EndMs {
					t.Fatalf("the cut %d to %d is inside the speech %v", end, next.StartMs, s)
				}
			}
			continue
		}
		if next.OverlapMs < rule.OverlapMs {
			t.Fatalf("an overlap of %d ms before %v", next.OverlapMs, next.Span)
		}
		from, to := next.StartMs, pieces[i].StartMs+rule.MaxMs
		for j := range len(speech) - 1 {
			gap := segment.Span{StartMs: speech[j].EndMs, EndMs: speech[j+1].StartMs}
			if gap.Len() >= rule.MinCutMs && gap.StartMs >= from && gap.EndMs <= to {
				t.Fatalf("pieces %v and %v overlap although they could be cut in %v", pieces[i].Span, next.Span, gap)
			}
		}
	}
}

func TestWindows_holdAllSpeechOfAPiece(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		duration, speech := recording(t)
		chunks := rule(t)
		for _, p := range segment.Pieces(duration, speech, chunks) {
			windows := segment.Windows(p, segment.WindowRule())
			checkWindows(t, p, windows)
		}
	})
}

func checkWindows(t *rapid.T, p segment.Piece, windows []segment.Window) {
	var heard []segment.Piece
	for i, w := range windows {
		if w.LenMs() <= 0 || w.LenMs() > segment.WindowMaxMs {
			t.Fatalf("window %d of %v lasts %d ms", i, p.Span, w.LenMs())
		}
		var at int64
		for _, part := range w.Parts {
			if got := w.Original(at); got != part.StartMs {
				t.Fatalf("%d ms in %v is %d", at, w.Parts, got)
			}
			at += part.Len()
		}
		heard = append(heard, segment.Piece{Span: p.Span, Speech: w.Parts})
	}
	checkSpeech(t, heard, p.Speech)
}
