package job_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestFiles_changeAnUploadOnlyAsItStood(t *testing.T) {
	t.Parallel()
	files := openFiles(t)
	first, err := files.CreateUpload(t.Context(), &jobv1.Upload{UserId: "ann", Id: "u1", Length: 9})
	if err != nil {
		t.Fatal(err)
	}
	second, err := files.UpdateUpload(t.Context(), &jobv1.Upload{UserId: "ann", Id: "u1", Length: 9, Offset: 5}, first)
	if err != nil {
		t.Fatal(err)
	}

	_, err = files.UpdateUpload(t.Context(), &jobv1.Upload{UserId: "ann", Id: "u1", Length: 9, Offset: 3}, first)

	if !fault.Is(err, fault.Conflict) {
		t.Errorf("a change of what was: %v", err)
	}
	if deleted, err := files.DeleteUpload(t.Context(), &jobv1.Upload{UserId: "ann", Id: "u1"}, first); deleted || err != nil {
		t.Errorf("removal of what was: %v, %v", deleted, err)
	}
	stored, revision, err := files.GetUpload(t.Context(), "ann", "u1")
	if err != nil || stored.GetOffset() != 5 || revision != second {
		t.Errorf("stored %v at %d, %v", stored, revision, err)
	}
	if deleted, err := files.DeleteUpload(t.Context(), stored, revision); !deleted || err != nil {
		t.Errorf("removal: %v, %v", deleted, err)
	}
	if _, _, err := files.GetUpload(t.Context(), "ann", "u1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("after the removal: %v", err)
	}
}

// Whoever reads files, in this version or the one before, meets no uploads, and the
// other way round.
func TestFiles_areNotMixedUpWithUploads(t *testing.T) {
	t.Parallel()
	files := openFiles(t)
	if err := files.Create(t.Context(), &jobv1.File{UserId: "ann", Input: &jobv1.Input{FileId: "f1"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := files.CreateUpload(t.Context(), &jobv1.Upload{UserId: "ann", Id: "u1"}); err != nil {
		t.Fatal(err)
	}
	var told []string

	ctx, cancel := context.WithCancel(t.Context())
	err := files.Follow(ctx, func(e job.FileEvent) {
		if e.CaughtUp {
			cancel()
			return
		}
		told = append(told, "file "+e.FileID)
	})
	again, cancelAgain := context.WithCancel(t.Context())
	errAgain := files.FollowUploads(again, func(e job.UploadEvent) {
		if e.CaughtUp {
			cancelAgain()
			return
		}
		told = append(told, "upload "+e.Upload.GetId())
	})

	if !errors.Is(err, context.Canceled) || !errors.Is(errAgain, context.Canceled) || len(told) != 2 ||
		told[0] != "file f1" || told[1] != "upload u1" {
		t.Errorf("told %v, %v, %v", told, err, errAgain)
	}
	if err := files.PurgeUser(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := files.GetUpload(t.Context(), "ann", "u1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an upload of a user who is erased: %v", err)
	}
}

func openFiles(t *testing.T) *job.Files {
	t.Helper()
	files, err := job.OpenFiles(t.Context(), testkit.Bus(t, "demo").JS)
	if err != nil {
		t.Fatal(err)
	}
	return files
}
