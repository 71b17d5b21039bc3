package worker

import (
	"cmp"
	"slices"

	"github.com/stenomesh/stenomesh/pkg/segment"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/prepare"
)

// cut is a piece of a track; its place in cuts is the number of its chunk.
type cut struct {
	track int // index
	piece segment.Piece
}

// cuts are the pieces of all tracks in the order of their chunks.
type cuts []cut

// inOrder numbers the pieces by the time they begin, so that of the transcript of all
// tracks the beginning is done first.
func inOrder(tracks []prepare.Track) cuts {
	var all cuts
	for n, track := range tracks {
		for _, piece := range track.Pieces {
			all = append(all, cut{n, piece})
		}
	}
	slices.SortStableFunc(all, func(a, b cut) int { return cmp.Compare(a.piece.StartMs, b.piece.StartMs) })
	return all
}

func (c cuts) pieces() []segment.Piece {
	pieces := make([]segment.Piece, len(c))
	for n, cut := range c {
		pieces[n] = cut.piece
	}
	return pieces
}

// of returns the pieces of one track, and the number of each one's chunk.
func (c cuts) of(track int) (pieces []segment.Piece, chunks []uint32) {
	for n, cut := range c {
		if cut.track == track {
			pieces, chunks = append(pieces, cut.piece), append(chunks, uint32(n))
		}
	}
	return pieces, chunks
}
