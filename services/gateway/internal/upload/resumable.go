package upload

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Resumable takes recordings that arrive in several requests, at any gateway. Bytes
// become blobs of their own, pieces, that are never changed; the upload's record says
// which of them count, and is changed by compare-and-set. So what the record tells is
// on disk, two requests that bring the same bytes do no harm to each other, and nobody
// holds a lock that would have to be taken from the dead. At the end the pieces are
// put together to a file whose id is the upload's. It is safe for all goroutines.
type Resumable struct {
	*Receiver
	// PieceSize is how many bytes are taken before the record is written: what a kill
	// costs a client at most. A quarter of it is the least a piece should have: smaller
	// neighbours are joined, so that records stay short.
	PieceSize int64
	// Life is how long an upload waits for its next bytes.
	Life time.Duration
	Log  *slog.Logger

	finishing singleflight.Group
}

// pieceTime is how long a slow request's bytes may be in nobody's record.
const pieceTime = 15 * time.Second

// Partial is an upload as its record stood at one revision.
type Partial struct {
	*jobv1.Upload
	revision uint64
}

// Complete reports whether all bytes are there.
func (p *Partial) Complete() bool { return p.GetLength() > 0 && p.GetOffset() == p.GetLength() }

// Plan is what a client says of a recording before it comes.
type Plan struct {
	Length      int64 // bytes; 0: told later
	Metadata    string
	Name        string
	ContentType string
}

// Begin makes the record of a new upload. Errors: TooLarge "file_too_large"; Exhausted
// "quota_exceeded"; Unavailable, among them "files_full".
func (v *Resumable) Begin(ctx context.Context, userID string, plan Plan) (*Partial, error) {
	if err := v.admit(ctx, userID, ""); err != nil {
		return nil, err
	}
	if err := v.fits(ctx, userID, plan.Length); err != nil {
		return nil, err
	}
	id, err := job.NewID()
	if err != nil {
		return nil, fmt.Errorf("make upload id: %w", err)
	}
	now := v.Now()
	upload := &jobv1.Upload{
		Id: id, UserId: userID, Length: plan.Length, Metadata: plan.Metadata,
		Name: strings.ToValidUTF8(plan.Name, ""), ContentType: strings.ToValidUTF8(plan.ContentType, ""), // records are UTF-8
		CreatedAt: timestamppb.New(now), ExpiresAt: timestamppb.New(now.Add(v.Life)),
	}
	revision, err := v.Files.CreateUpload(ctx, upload)
	if err != nil {
		return nil, err
	}
	return &Partial{Upload: upload, revision: revision}, nil
}

// idForm is that of the ids that Begin makes.
var idForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// Find returns a user's upload. One whose bytes are all there is a file when Find
// returns: a process may have died before it was made. NotFound, code
// "upload_not_found": there is none, it has expired, or its file was deleted.
func (v *Resumable) Find(ctx context.Context, userID, id string) (*Partial, error) {
	missing := fault.New(fault.NotFound, "upload_not_found", "There is no upload of this id.")
	if !idForm.MatchString(id) {
		return nil, missing
	}
	upload, revision, err := v.Files.GetUpload(ctx, userID, id)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, missing
	case err != nil:
		return nil, err
	case upload.GetExpiresAt().AsTime().Before(v.Now()):
		return nil, missing
	}
	p := &Partial{Upload: upload, revision: revision}
	if !p.Complete() {
		return p, nil
	}
	if upload.GetFinishedAt() == nil {
		_, err = v.Finish(ctx, p)
	} else if _, err = v.Files.Get(ctx, userID, id); fault.Is(err, fault.NotFound) {
		err = missing
	}
	return p, err
}

// fits refuses a length over the limit or the user's quota.
func (v *Resumable) fits(ctx context.Context, userID string, length int64) error {
	if length > v.MaxBytes {
		return v.tooLarge()
	}
	most, err := v.allow(ctx, userID, "", length)
	if err == nil && length > most.bytes {
		return most.refusal
	}
	return err
}

// Declare sets the length of an upload that had none. Errors: Invalid
// "length_declared" for another length than before, or one below what is there;
// TooLarge; Exhausted "quota_exceeded"; Unprocessable "empty_file"; Unsupported "unsupported_media".
func (v *Resumable) Declare(ctx context.Context, p *Partial, length int64) error {
	switch {
	case length == p.GetLength() && length > 0:
		return nil
	case length == 0:
		return emptyFile()
	case p.GetLength() > 0 || length < p.GetOffset():
		return fault.New(fault.Invalid, "length_declared", "The length of an upload cannot be changed.")
	}
	if err := v.fits(ctx, p.GetUserId(), length); err != nil {
		return err
	}
	if length == p.GetOffset() { // nothing more comes that it could be refused by
		if refusal := checkMedia(p.GetHead()); refusal != nil {
			v.leave(p, v.Discard(ctx, p))
			return refusal
		}
	}
	next := proto.CloneOf(p.Upload)
	next.Length = length
	return v.update(ctx, p, next)
}

// Discard removes an upload. A file that it has become stays.
func (v *Resumable) Discard(ctx context.Context, p *Partial) error {
	for {
		deleted, err := v.Files.DeleteUpload(ctx, p.Upload, p.revision)
		if err != nil {
			return err
		}
		if deleted {
			v.clear(ctx, p)
			return nil
		}
		upload, revision, err := v.Files.GetUpload(ctx, p.GetUserId(), p.GetId())
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		p.Upload, p.revision = upload, revision
	}
}

// update writes the record, and p follows. Conflict, code "offset_mismatch": somebody
// else wrote first, and this has not happened.
func (v *Resumable) update(ctx context.Context, p *Partial, next *jobv1.Upload) error {
	next.ExpiresAt = timestamppb.New(v.Now().Add(v.Life))
	revision, err := v.Files.UpdateUpload(ctx, next, p.revision)
	if fault.Is(err, fault.Conflict) {
		return fault.Wrap(err, fault.Conflict, "offset_mismatch",
			"Another request goes on with this upload; ask where it is.")
	}
	if err != nil {
		return err
	}
	p.Upload, p.revision = next, revision
	return nil
}

// clear removes all pieces of an upload, those too that no record ever named. What
// stays is found by the janitor.
func (v *Resumable) clear(ctx context.Context, p *Partial) {
	pieces, err := v.Blobs.List(ctx, job.UploadBlobPrefix(p.GetUserId(), p.GetId()))
	for _, piece := range pieces {
		err = errors.Join(err, v.Blobs.Delete(ctx, piece.Key))
	}
	v.leave(p, err)
}

// leave notes that something could not be removed now, if err says so.
func (v *Resumable) leave(p *Partial, err error) {
	if err != nil {
		v.Log.Debug("left to the janitor", "upload", p.GetId(), "err", err)
	}
}

func emptyFile() error {
	return fault.New(fault.Unprocessable, "empty_file", "The file is empty.")
}
