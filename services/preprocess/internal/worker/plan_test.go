package worker

import (
	"testing"

	"github.com/stenomesh/stenomesh/pkg/segment"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/loudness"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/prepare"
)

// talk returns pieces in which every third silence is a long one.
func talk(pieces, stretches int) []segment.Piece {
	var all []segment.Piece
	var at int64
	for range pieces {
		piece := segment.Piece{Span: segment.Span{StartMs: at}}
		for n := range stretches {
			piece.Speech = append(piece.Speech, segment.Span{StartMs: at, EndMs: at + 300})
			at += 420
			if n%3 == 2 {
				at += 500
			}
		}
		piece.EndMs = at
		all = append(all, piece)
	}
	return all
}

func TestCoarsen_keepsTheLongSilences(t *testing.T) {
	t.Parallel()

	coarse := coarsen(talk(10, 30), 120)

	for _, piece := range coarse {
		if len(piece.Speech) != 10 {
			t.Fatalf("%d stretches, want the ten between long silences", len(piece.Speech))
		}
		if first := piece.Speech[0]; first.Len() != 3*300+2*120 {
			t.Errorf("the first stretch is %v", first)
		}
	}
}

func TestCoarsen_leavesWhatFits(t *testing.T) {
	t.Parallel()
	if got := count(coarsen(talk(10, 30), 300)); got != 300 {
		t.Errorf("%d stretches, want all 300", got)
	}
}

func TestCoarsen_endsWithOneStretchAPiece(t *testing.T) {
	t.Parallel()
	if got := count(coarsen(talk(10, 30), 5)); got != 10 {
		t.Errorf("%d stretches, want one for each of the ten pieces", got)
	}
}

// speaking returns a piece that is all speech.
func speaking(startMs, endMs, overlapMs int64) segment.Piece {
	span := segment.Span{StartMs: startMs, EndMs: endMs}
	return segment.Piece{Span: span, OverlapMs: overlapMs, Speech: []segment.Span{span}}
}

func TestNewPlan_numbersTheChunksOfAllChannelsByTime(t *testing.T) {
	t.Parallel()
	prepared := prepare.Prepared{Tracks: []prepare.Track{
		{Channel: 1, Loudness: loudness.Measure{IntegratedLUFS: -20}, Pieces: []segment.Piece{speaking(0, 20_000, 0), speaking(60_000, 63_000, 0)}},
		{Channel: 2, Loudness: loudness.Measure{IntegratedLUFS: -40}, Pieces: []segment.Piece{speaking(5_000, 18_000, 0), speaking(8_000, 28_000, 10_000)}},
	}}

	plan := newPlan(&jobv1.Task{}, prepared, "")

	var got []uint32
	for n, chunk := range plan.GetChunks() {
		if chunk.GetNumber() != uint32(n) {
			t.Errorf("chunk %d has the number %d", n, chunk.GetNumber())
		}
		got = append(got, chunk.GetChannel())
	}
	if want := []uint32{1, 2, 2, 1}; len(got) != 4 || [4]uint32(got) != [4]uint32(want) {
		t.Errorf("channels %v, want %v", got, want)
	}
	if len(plan.GetChannels()) != 2 || plan.GetChannels()[1].GetIntegratedLufs() != -40 || plan.GetLoudness().GetIntegratedLufs() != -20 {
		t.Errorf("loudness %v, of the channels %v", plan.GetLoudness(), plan.GetChannels())
	}
	if lead := leadChunk(plan); lead != 2 {
		t.Errorf("chunk %d leads, want 2: on channel 2 there is most speech", lead)
	}
}

func TestNewPlan_ofAMixNamesNoChannel(t *testing.T) {
	t.Parallel()

	plan := newPlan(&jobv1.Task{}, prepare.Prepared{Tracks: []prepare.Track{{Pieces: []segment.Piece{speaking(0, 9_000, 0)}}}}, "")

	if len(plan.GetChannels()) != 0 || len(plan.GetChunks()) != 1 || plan.GetChunks()[0].GetChannel() != 0 {
		t.Errorf("plan %v", plan)
	}
}
