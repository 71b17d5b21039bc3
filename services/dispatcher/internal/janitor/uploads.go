package janitor

import (
	"context"
	"errors"
	"time"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// partial is the record of an upload as it stood at a revision.
type partial struct {
	*jobv1.Upload
	revision uint64
}

// sweepUploads removes uploads that nobody went on with, and pieces that no upload's
// record names: of uploads that ended, and of gateways that died before they noted
// them. A piece is stored before it is named, so young ones stay.
func (j *Janitor) sweepUploads(ctx context.Context) error {
	pieces, err := j.Blobs.List(ctx, job.UploadBlobs) // before the records: what is named later is not in it
	if err != nil {
		return err
	}
	uploads, err := j.uploads(ctx)
	if err != nil {
		return err
	}
	var problems []error
	named := map[string]bool{}
	for _, upload := range uploads {
		expired, err := j.expire(ctx, upload)
		problems = append(problems, err)
		for _, piece := range upload.GetPieces() {
			named[job.PieceBlobKey(upload.GetUserId(), upload.GetId(), piece.GetName())] = !expired
		}
	}
	for _, piece := range pieces {
		if !named[piece.Key] && time.Since(piece.ModTime) >= j.times.FileGrace {
			problems = append(problems, j.Blobs.Delete(ctx, piece.Key))
		}
	}
	return errors.Join(problems...)
}

// expire removes the record of an upload whose time is over, and was so for a while:
// the clocks of gateways differ from ours. Somebody who goes on with it in this moment
// wins.
func (j *Janitor) expire(ctx context.Context, upload partial) (bool, error) {
	if time.Since(upload.GetExpiresAt().AsTime()) < j.times.FileGrace {
		return false, nil
	}
	return j.Files.DeleteUpload(ctx, upload.Upload, upload.revision)
}

// uploads reads all records of uploads.
func (j *Janitor) uploads(ctx context.Context) (all map[string]partial, err error) {
	all = map[string]partial{}
	err = once(ctx, func(ctx context.Context, done func()) error {
		return j.Files.FollowUploads(ctx, func(event job.UploadEvent) {
			if event.CaughtUp {
				done()
				return
			}
			all[event.Upload.GetUserId()+"/"+event.Upload.GetId()] = partial{event.Upload, event.Revision}
		})
	})
	return all, err
}
