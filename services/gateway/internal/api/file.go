package api

import (
	"context"
	"errors"
	"net/http"
	"regexp"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
	"github.com/stenomesh/stenomesh/services/gateway/internal/upload"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// fileIDForm is what a client may choose.
var fileIDForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

type fileView struct {
	FileID      string `json:"file_id"`
	Name        string `json:"name"`
	Size        int64  `json:"size"`
	SHA256      string `json:"sha256"`
	ContentType string `json:"content_type"`
	CreatedAt   *stamp `json:"created_at"`
}

func fileOf(file *jobv1.File) fileView {
	input := file.GetInput()
	return fileView{
		FileID: input.GetFileId(), Name: input.GetName(), Size: input.GetSize(), SHA256: input.GetSha256(),
		ContentType: input.GetContentType(), CreatedAt: stampOf(file.GetCreatedAt()),
	}
}

func (a *API) uploadFile(w http.ResponseWriter, r *http.Request) error { return a.receive(w, r, "") }

func (a *API) putFile(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("file_id")
	if !fileIDForm.MatchString(id) {
		return fault.New(fault.Invalid, "invalid_file_id",
			"A file id is 1 to 128 letters, digits, dots, dashes and underscores.")
	}
	return a.receive(w, r, id)
}

func (a *API) receive(w http.ResponseWriter, r *http.Request, id string) error {
	user := auth.User(r.Context()).GetId()
	file, created, err := a.Uploads.Receive(w, r, user, id)
	if err != nil {
		return err
	}
	if !created {
		return web.WriteJSON(w, http.StatusOK, fileOf(file))
	}
	a.Log.Info("file stored", "user", user, "bytes", file.GetInput().GetSize(), "type", file.GetInput().GetContentType())
	w.Header().Set("Location", "/api/v1/files/"+file.GetInput().GetFileId())
	return web.WriteJSON(w, http.StatusCreated, fileOf(file))
}

// findFile returns a user's file. NotFound, code "file_not_found": there is none.
func (a *API) findFile(ctx context.Context, userID, id string) (*jobv1.File, error) {
	missing := fault.New(fault.NotFound, "file_not_found", "There is no file of this id.")
	if !fileIDForm.MatchString(id) {
		return nil, missing
	}
	file, err := a.Files.Get(ctx, userID, id)
	if fault.Is(err, fault.NotFound) {
		return nil, missing
	}
	return file, err
}

func (a *API) getFile(w http.ResponseWriter, r *http.Request) error {
	file, err := a.findFile(r.Context(), auth.User(r.Context()).GetId(), r.PathValue("file_id"))
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, fileOf(file))
}

// getAudio answers with the recording as it was uploaded, or the Range of it that
// a player asks for.
func (a *API) getAudio(w http.ResponseWriter, r *http.Request) error {
	file, err := a.findFile(r.Context(), auth.User(r.Context()).GetId(), r.PathValue("file_id"))
	if err != nil {
		return err
	}
	input := file.GetInput()
	body, _, err := a.Blobs.Open(r.Context(), input.GetBlobKey())
	if errors.Is(err, blob.ErrNotFound) {
		return fault.Wrap(err, fault.NotFound, "file_not_found", "There is no file of this id.")
	}
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }() // opened for reading: nothing to lose
	kind := input.GetContentType()
	if !upload.Playable(kind) { // never what a browser would show or run
		kind = "application/octet-stream"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", attachment(input.GetName()))
	w.Header().Set("Cache-Control", "private, no-cache")
	w.Header().Set("Etag", `"`+input.GetSha256()+`"`)
	http.ServeContent(&rangeWriter{ResponseWriter: w, request: r}, r, "", file.GetCreatedAt().AsTime(), body)
	return nil
}

// rangeWriter answers a bad Range with a problem, where http.ServeContent writes a
// line of text.
type rangeWriter struct {
	http.ResponseWriter
	request *http.Request
	refused bool
}

// WriteHeader implements http.ResponseWriter.
func (w *rangeWriter) WriteHeader(status int) {
	if status != http.StatusRequestedRangeNotSatisfiable {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.refused = true
	problem.WriteStatus(w.ResponseWriter, web.RequestID(w.request.Context()), status,
		fault.New(fault.Invalid, "invalid_range", "The recording has no such range of bytes."))
}

// Write implements io.Writer.
func (w *rangeWriter) Write(p []byte) (int, error) {
	if w.refused {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// deleteFile removes the record. The bytes go when no job needs them any more; the
// dispatcher's janitor sees to that.
func (a *API) deleteFile(w http.ResponseWriter, r *http.Request) error {
	user, id := auth.User(r.Context()).GetId(), r.PathValue("file_id")
	if _, err := a.findFile(r.Context(), user, id); err != nil {
		return err
	}
	if err := a.Files.Delete(r.Context(), user, id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
