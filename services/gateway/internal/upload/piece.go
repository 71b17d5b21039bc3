package upload

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// keep makes bytes durable and has the record name them. When the record was changed
// meanwhile they are removed; when nobody knows whether it names them they stay, for
// the janitor to decide.
func (v *Resumable) keep(ctx context.Context, p *Partial, s *stretch) error {
	piece := &jobv1.Piece{Name: rand.Text(), Size: s.size}
	if _, err := s.Commit(ctx, v.keyOf(p, piece)); err != nil {
		return storageFault(err)
	}
	next := proto.CloneOf(p.Upload)
	next.Offset += s.size
	next.Head = s.head
	next.Pieces = append(next.Pieces, piece)
	joined := v.join(ctx, p, next)
	err := v.update(ctx, p, next)
	if fault.Is(err, fault.Conflict) {
		joined = append(joined, piece, next.Pieces[len(next.Pieces)-1])
	} else if err != nil {
		return err
	}
	for _, gone := range joined {
		if !named(p.Upload, gone) {
			v.leave(p, v.Blobs.Delete(ctx, v.keyOf(p, gone)))
		}
	}
	return err
}

func named(upload *jobv1.Upload, piece *jobv1.Piece) bool {
	for _, p := range upload.GetPieces() {
		if p.GetName() == piece.GetName() {
			return true
		}
	}
	return false
}

// join makes one piece of the last ones where they are small, and returns those that
// it replaces. A small piece stays beside one of half its size or less, so joining
// costs little and no run of small pieces grows long: whatever sizes a client sends,
// there are a few more pieces than the length has quarters of PieceSize. It can be
// left to the next time; when another request has joined them already, the record's
// change tells.
func (v *Resumable) join(ctx context.Context, p *Partial, next *jobv1.Upload) (replaced []*jobv1.Piece) {
	pieces := next.GetPieces()
	first, size := len(pieces)-1, pieces[len(pieces)-1].GetSize()
	for first > 0 {
		before := pieces[first-1].GetSize()
		if before >= v.PieceSize/4 || before >= 2*size {
			break
		}
		size += before
		first--
	}
	if first == len(pieces)-1 || next.GetOffset() == next.GetLength() { // or they are put together anyhow
		return nil
	}
	whole := &jobv1.Piece{Name: rand.Text(), Size: size}
	if err := v.concatenate(ctx, p, pieces[first:], v.keyOf(p, whole)); err != nil {
		v.Log.Debug("pieces are not joined", "upload", p.GetId(), "err", err)
		return nil
	}
	next.Pieces = slices.Concat(pieces[:first], []*jobv1.Piece{whole})
	return pieces[first:]
}

func (v *Resumable) concatenate(ctx context.Context, p *Partial, pieces []*jobv1.Piece, key string) error {
	into, err := v.Blobs.Create(ctx)
	if err != nil {
		return storageFault(err)
	}
	defer func() { _ = into.Abort() }() // nothing after Commit
	if err := v.copyPieces(ctx, into, p, pieces); err != nil {
		return storageFault(err)
	}
	if _, err := into.Commit(ctx, key); err != nil {
		return storageFault(err)
	}
	return nil
}

func (v *Resumable) copyPieces(ctx context.Context, into blob.Writer, p *Partial, pieces []*jobv1.Piece) error {
	for _, piece := range pieces {
		from, _, err := v.Blobs.Open(ctx, v.keyOf(p, piece))
		if err != nil {
			return err
		}
		copied, err := io.Copy(into, from)
		if err = errors.Join(err, from.Close(), ctx.Err()); err != nil {
			return err
		}
		if copied != piece.GetSize() {
			return fmt.Errorf("piece %s of upload %s has %d bytes of %d", piece.GetName(), p.GetId(), copied, piece.GetSize())
		}
	}
	return nil
}

func (v *Resumable) keyOf(p *Partial, piece *jobv1.Piece) string {
	return job.PieceBlobKey(p.GetUserId(), p.GetId(), piece.GetName())
}
