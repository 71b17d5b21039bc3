package job

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Uploads that arrive in several requests stand beside the files, under keys of their
// own: who reads files does not meet them.

// CreateUpload stores the record of a new upload.
func (f *Files) CreateUpload(ctx context.Context, upload *jobv1.Upload) (revision uint64, err error) {
	return create(ctx, f.kv, uploadKey(upload.GetUserId(), upload.GetId()), upload)
}

// GetUpload reads a user's upload from the leader. NotFound: there is none of that id.
func (f *Files) GetUpload(ctx context.Context, userID, id string) (*jobv1.Upload, uint64, error) {
	upload := &jobv1.Upload{}
	revision, err := get(ctx, f.kv, uploadKey(userID, id), upload)
	if err != nil {
		return nil, 0, err
	}
	return upload, revision, nil
}

// UpdateUpload changes a record that stands as it was at a revision, and returns the
// new revision. Conflict: somebody else has changed or removed it; this write has
// certainly not happened. After any other error it may have.
func (f *Files) UpdateUpload(ctx context.Context, upload *jobv1.Upload, revision uint64) (uint64, error) {
	next, err := update(ctx, f.kv, uploadKey(upload.GetUserId(), upload.GetId()), upload, revision)
	if errors.Is(err, errRace) {
		return 0, fault.Wrap(err, fault.Conflict, "changed", "It was changed by somebody else.")
	}
	return next, err
}

// DeleteUpload removes a record that stands as it was at a revision. It is no error,
// and nothing is deleted, when somebody else was faster: to remove it, or to go on
// with it.
func (f *Files) DeleteUpload(ctx context.Context, upload *jobv1.Upload, revision uint64) (deleted bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	err = f.kv.Purge(ctx, uploadKey(upload.GetUserId(), upload.GetId()),
		jetstream.LastRevision(revision), jetstream.PurgeTTL(markerLife))
	switch {
	case isRace(err):
		return false, nil
	case err != nil:
		return false, busFault(fmt.Errorf("delete upload: %w", err))
	}
	return true, nil
}

// UploadEvent is one message of the feed of uploads.
type UploadEvent struct {
	Upload   *jobv1.Upload // nil when CaughtUp; shared, not to be changed
	Revision uint64
	CaughtUp bool // no upload: everything stored before FollowUploads has been told
}

// FollowUploads tells every upload there is and then each change but removals, as
// Store.Follow does for jobs.
func (f *Files) FollowUploads(ctx context.Context, handle func(UploadEvent)) error {
	decode := func(msg jetstream.Msg, revision uint64, gone bool) {
		upload := &jobv1.Upload{}
		if !gone && proto.Unmarshal(msg.Data(), upload) == nil {
			handle(UploadEvent{Upload: upload, Revision: revision})
		}
	}
	return follow(ctx, f.js, FilesBucket, "*.upload.*", decode, func() { handle(UploadEvent{CaughtUp: true}) })
}
