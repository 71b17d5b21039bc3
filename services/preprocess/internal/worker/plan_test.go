package worker

import (
	"testing"

	"github.com/stenomesh/stenomesh/pkg/segment"
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
