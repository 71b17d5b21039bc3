// Package upload takes recordings from clients: it finds the bytes in the request,
// streams them into the blob store with their hash, and makes the file's record
// (Receiver). Nothing is left behind of an upload that does not arrive whole, unless
// it is one that may arrive in several requests (Resumable).
package upload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/admission"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
)

// Receiver stores uploads. It is safe for all goroutines.
type Receiver struct {
	Blobs blob.Store
	Files *job.Files
	// MaxBytes is the largest recording.
	MaxBytes int64
	// Idle is how long a client may send nothing.
	Idle time.Duration
	Now  func() time.Time
	// Room refuses new files while the FILES bucket is nearly full.
	Room *admission.Gate
	// Fetch gets recordings from addresses; nil where that is switched off.
	Fetch *Fetcher
	// Quota returns how many bytes more the user of the request may store; less than 0:
	// any number.
	Quota func(ctx context.Context) (int64, error)
}

// Receive stores the recording in a request under a file id of the user ("" for a
// new one). created is false when the user has the same bytes under this id
// already. Errors: Conflict, code "file_exists", for other bytes under the id;
// TooLarge "file_too_large"; Unprocessable "empty_file"; Unsupported
// "unsupported_media"; Invalid "incomplete_upload"; Exhausted "quota_exceeded";
// Unavailable, among them "files_full"; for an address those of fetch.
func (v *Receiver) Receive(w http.ResponseWriter, r *http.Request, userID, fileID string) (file *jobv1.File, created bool, err error) {
	if err := v.admit(r.Context(), userID, fileID); err != nil {
		return nil, false, err
	}
	most, err := v.allow(r.Context(), userID, fileID, r.ContentLength)
	if err != nil {
		return nil, false, err
	}
	source, err := v.source(w, r, userID)
	if err != nil {
		return nil, false, err
	}
	defer source.close()
	return v.put(r.Context(), source, most, userID, fileID)
}

// put stores a recording that was admitted.
func (v *Receiver) put(ctx context.Context, source *source, most allowance, userID, fileID string) (file *jobv1.File, created bool, err error) {
	blobWriter, err := v.Blobs.Create(ctx)
	if err != nil {
		return nil, false, storageFault(err)
	}
	defer func() { _ = blobWriter.Abort() }() // nothing after Commit
	head, err := v.copy(blobWriter, source, most)
	if err != nil {
		return nil, false, err
	}
	size, sum := blobWriter.Sum()
	input := &jobv1.Input{
		FileId: fileID, Name: cleanName(source.name), BlobKey: job.FileBlobKey(userID, sum),
		Size: size, Sha256: sum, ContentType: mediaType(source.contentType, head, source.name),
	}
	if fileID == "" {
		if input.FileId, err = job.NewID(); err != nil {
			return nil, false, fmt.Errorf("make file id: %w", err)
		}
	} else if stored, err := v.stored(ctx, userID, input); stored != nil || err != nil {
		return stored, false, err
	}
	if _, err := blobWriter.Commit(ctx, input.GetBlobKey()); err != nil {
		return nil, false, storageFault(err)
	}
	if source.unlisted {
		return &jobv1.File{Input: input, UserId: userID, CreatedAt: timestamppb.New(v.Now())}, true, nil
	}
	return v.record(ctx, userID, input)
}

// admit refuses a new file before its bytes come when there is no room for its
// record. An id that is taken makes no new record and may be asked for again.
func (v *Receiver) admit(ctx context.Context, userID, fileID string) error {
	full := v.Room.Check(ctx)
	if full == nil || fileID == "" {
		return full
	}
	if _, err := v.Files.Get(ctx, userID, fileID); err != nil {
		return full
	}
	return nil
}

// copy writes the recording into the store and returns its first bytes. A refusal
// by the first bytes comes before the rest is read.
func (v *Receiver) copy(into io.Writer, from *source, most allowance) ([]byte, error) {
	head := make([]byte, sniffLength)
	n, err := io.ReadFull(from.body, head)
	head = head[:n]
	switch {
	case errors.Is(err, io.EOF):
		return nil, emptyFile()
	case errors.Is(err, io.ErrUnexpectedEOF) && from.err == nil: // short, but whole
	case err != nil:
		return nil, from.wrong(err)
	}
	if err := checkMedia(head); err != nil {
		return nil, err
	}
	// Read errors are told from write errors by who saw them: the source keeps its own.
	copied, err := io.Copy(into, io.LimitReader(io.MultiReader(bytes.NewReader(head), from.body), most.bytes+1))
	switch {
	case from.err != nil:
		return nil, from.wrong(from.err)
	case err != nil:
		return nil, storageFault(err)
	case copied > most.bytes:
		return nil, most.refusal
	}
	return head, nil
}

// stored returns the record under the chosen id if it is of the same bytes, nil if
// the id is free.
func (v *Receiver) stored(ctx context.Context, userID string, input *jobv1.Input) (*jobv1.File, error) {
	stored, err := v.Files.Get(ctx, userID, input.GetFileId())
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case stored.GetInput().GetSha256() != input.GetSha256():
		return nil, fault.New(fault.Conflict, "file_exists", "There is another file under this id.")
	}
	return stored, nil
}

// record makes the file's record. Another upload may have taken the id meanwhile.
func (v *Receiver) record(ctx context.Context, userID string, input *jobv1.Input) (*jobv1.File, bool, error) {
	file := &jobv1.File{Input: input, UserId: userID, CreatedAt: timestamppb.New(v.Now())}
	err := v.Files.Create(ctx, file)
	if fault.Is(err, fault.Conflict) {
		stored, err := v.stored(ctx, userID, input)
		if err == nil && stored == nil { // taken and deleted in between
			err = fault.New(fault.Conflict, "file_exists", "The file under this id is changing; try again.")
		}
		return stored, false, err
	}
	return file, err == nil, err
}

func (v *Receiver) tooLarge() error {
	return fault.New(fault.TooLarge, "file_too_large",
		fmt.Sprintf("The file is larger than %d bytes.", v.MaxBytes))
}

func readFault(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fault.Wrap(err, fault.TooLarge, "file_too_large", "The file is larger than the limit.")
	}
	broken := fault.Wrap(err, fault.Invalid, "incomplete_upload", "The file did not arrive whole.")
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return problem.At(broken, http.StatusRequestTimeout)
	}
	return broken
}

func storageFault(err error) error {
	return fault.Wrap(err, fault.Unavailable, "storage_unavailable", "The file cannot be stored right now; try again later.")
}
