package upload

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// finishTime bounds putting the pieces together: 2 GiB take seconds.
const finishTime = 10 * time.Minute

// Finish makes the file of an upload that is complete, whose id is the upload's. It
// may be asked for again, and at several gateways at once: the first record counts,
// and all make the same. A client that leaves does not stop it.
func (v *Resumable) Finish(ctx context.Context, p *Partial) (*jobv1.File, error) {
	answer, err, _ := v.finishing.Do(p.GetUserId()+p.GetId(), func() (any, error) {
		kept, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTime)
		defer cancel()
		file, err := v.Files.Get(kept, p.GetUserId(), p.GetId())
		if fault.Is(err, fault.NotFound) {
			file, err = v.assemble(kept, p, func() error { return expelled(ctx) })
		}
		if err == nil {
			v.close(kept, p)
		}
		return file, err
	})
	if err != nil {
		return nil, err
	}
	file, _ := answer.(*jobv1.File)
	return file, nil
}

// assemble writes the whole and its record. unwanted tells, before the record, why
// there must be none.
func (v *Resumable) assemble(ctx context.Context, p *Partial, unwanted func() error) (*jobv1.File, error) {
	into, err := v.Blobs.Create(ctx)
	if err != nil {
		return nil, storageFault(err)
	}
	defer func() { _ = into.Abort() }() // nothing after Commit
	if err := v.copyPieces(ctx, into, p, p.GetPieces()); err != nil {
		return v.elsewhere(ctx, p, err)
	}
	size, sum := into.Sum()
	name := cleanName(p.GetName())
	input := &jobv1.Input{
		FileId: p.GetId(), Name: name, BlobKey: job.FileBlobKey(p.GetUserId(), sum),
		Size: size, Sha256: sum, ContentType: mediaType(p.GetContentType(), p.GetHead(), name),
	}
	if size != p.GetLength() {
		return nil, fmt.Errorf("upload %s has %d bytes of %d", p.GetId(), size, p.GetLength())
	}
	if _, err := into.Commit(ctx, input.GetBlobKey()); err != nil {
		return nil, storageFault(err)
	}
	if err := unwanted(); err != nil {
		return nil, err
	}
	file, _, err := v.record(ctx, p.GetUserId(), input)
	return file, err
}

// elsewhere returns the file that another gateway has made, which then removed the
// pieces under our hands; else the error that we met.
func (v *Resumable) elsewhere(ctx context.Context, p *Partial, met error) (*jobv1.File, error) {
	file, err := v.Files.Get(ctx, p.GetUserId(), p.GetId())
	if err != nil {
		return nil, storageFault(met)
	}
	return file, nil
}

// close notes in the record that the file is made, and removes the pieces. When that
// does not succeed whoever asks next does it again.
func (v *Resumable) close(ctx context.Context, p *Partial) {
	next := proto.CloneOf(p.Upload)
	next.FinishedAt, next.Pieces, next.Head = timestamppb.New(v.Now()), nil, nil
	if err := v.update(ctx, p, next); err != nil {
		v.Log.Debug("upload is not noted as finished", "upload", p.GetId(), "err", err)
		return
	}
	v.clear(ctx, p)
}
