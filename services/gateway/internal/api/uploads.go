package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
	"github.com/stenomesh/stenomesh/services/gateway/internal/tus"
	"github.com/stenomesh/stenomesh/services/gateway/internal/upload"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

const uploadsPath = "/api/v1/uploads/"

// registerUploads adds the routes of resumable uploads, which speak tus.
func (a *API) registerUploads(router Routes) {
	speak := func(pattern string, h web.Handler) { router.Handle(pattern, tus.Speak(a.Gate.Require(tus.Check(h)))) }
	for _, endpoint := range []string{"/api/v1/uploads", uploadsPath + "{$}"} {
		router.Handle("OPTIONS "+endpoint, a.describeUploads)
		speak("POST "+endpoint, a.beginUpload)
	}
	const one = uploadsPath + "{upload_id}"
	router.Handle("OPTIONS "+one, a.describeUploads)
	router.Handle("GET "+one, a.Gate.Require(a.getUpload))
	speak("HEAD "+one, a.headUpload)
	speak("PATCH "+one, a.appendUpload)
	speak("DELETE "+one, a.discardUpload)
	speak("POST "+one, a.overrideUpload)
}

// describeUploads tells what uploads may be.
func (a *API) describeUploads(w http.ResponseWriter, _ *http.Request) error {
	tus.Describe(w, a.Uploads.MaxBytes)
	return nil
}

// overrideUpload serves clients that can only POST.
func (a *API) overrideUpload(w http.ResponseWriter, r *http.Request) error {
	switch tus.Method(r) {
	case http.MethodPatch:
		return a.appendUpload(w, r)
	case http.MethodDelete:
		return a.discardUpload(w, r)
	case http.MethodHead:
		return a.headUpload(w, r)
	default:
		w.Header().Set("Allow", "GET, HEAD, PATCH, DELETE")
		return problem.At(fault.New(fault.Invalid, "method_not_allowed",
			"A POST to an upload needs the header X-HTTP-Method-Override: PATCH, DELETE or HEAD."), http.StatusMethodNotAllowed)
	}
}

// beginUpload makes an upload, and takes its first bytes when the request has some.
func (a *API) beginUpload(w http.ResponseWriter, r *http.Request) error {
	plan, err := planOf(r)
	if err != nil {
		return err
	}
	sum, withBytes, err := firstBytes(r)
	if err != nil {
		return err
	}
	p, err := a.Resumable.Begin(r.Context(), auth.User(r.Context()).GetId(), plan)
	if err != nil {
		return err
	}
	if withBytes {
		if err := a.receivePart(w, r, p, sum); err != nil { // the client has no address to go on at
			return errors.Join(err, a.Resumable.Discard(context.WithoutCancel(r.Context()), p))
		}
	}
	w.Header().Set("Location", uploadsPath+p.GetId())
	return a.answerUpload(w, r, p, http.StatusCreated)
}

// receivePart takes the bytes in a request.
func (a *API) receivePart(w http.ResponseWriter, r *http.Request, p *upload.Partial, sum *upload.Checksum) error {
	err := a.Resumable.Append(w, r, p, sum)
	if errors.Is(err, upload.ErrChecksum) {
		return problem.At(err, problem.StatusChecksum)
	}
	if err == nil {
		setOffset(w.Header(), p)
	}
	return err
}

func planOf(r *http.Request) (upload.Plan, error) {
	length, deferred, err := tus.Length(r.Header)
	if err != nil {
		return upload.Plan{}, err
	}
	if length == 0 && !deferred {
		return upload.Plan{}, fault.New(fault.Unprocessable, "empty_file", "The file is empty.")
	}
	raw, values, err := tus.Metadata(r.Header)
	if err != nil {
		return upload.Plan{}, err
	}
	return upload.Plan{
		Length: length, Metadata: raw,
		Name: first(values["filename"], values["name"]), ContentType: first(values["filetype"], values["type"]),
	}, nil
}

func first(one, other string) string {
	if one != "" {
		return one
	}
	return other
}

// firstBytes tells whether a request that makes an upload brings bytes.
func firstBytes(r *http.Request) (sum *upload.Checksum, withBytes bool, err error) {
	if r.ContentLength == 0 {
		return nil, false, nil
	}
	if err := tus.CheckContentType(r.Header); err != nil {
		return nil, false, err
	}
	sum, err = tus.Checksum(r.Header)
	return sum, true, err
}

// appendUpload takes the next bytes.
func (a *API) appendUpload(w http.ResponseWriter, r *http.Request) error {
	if err := tus.CheckContentType(r.Header); err != nil {
		return err
	}
	offset, err := tus.Offset(r.Header)
	if err != nil {
		return err
	}
	sum, err := tus.Checksum(r.Header)
	if err != nil {
		return err
	}
	p, err := a.findUpload(r)
	if err != nil {
		return err
	}
	if offset != p.GetOffset() {
		setOffset(w.Header(), p)
		return fault.New(fault.Conflict, "offset_mismatch", "The upload goes on at "+strconv.FormatInt(p.GetOffset(), 10)+".")
	}
	if err := a.declare(r, p); err != nil {
		return err
	}
	if err := a.receivePart(w, r, p, sum); err != nil {
		return err
	}
	return a.answerUpload(w, r, p, http.StatusNoContent)
}

// declare notes the length of an upload that is told it only now.
func (a *API) declare(r *http.Request, p *upload.Partial) error {
	length, told, err := tus.LaterLength(r.Header)
	if err != nil || !told {
		return err
	}
	return a.Resumable.Declare(r.Context(), p, length)
}

// answerUpload ends a request that brought bytes. With the last of them the upload
// becomes a file, of which the headers tell.
func (a *API) answerUpload(w http.ResponseWriter, r *http.Request, p *upload.Partial, status int) error {
	if p.Complete() {
		file, err := a.Resumable.Finish(r.Context(), p)
		if err != nil {
			return err
		}
		a.Log.Info("file stored", "user", file.GetUserId(), "bytes", file.GetInput().GetSize(), "type", file.GetInput().GetContentType())
		w.Header().Set("X-File-Id", file.GetInput().GetFileId())
		w.Header().Set("X-File-Sha256", file.GetInput().GetSha256())
		if status == http.StatusNoContent {
			w.Header().Set("Location", "/api/v1/files/"+file.GetInput().GetFileId())
		}
	}
	setExpiry(w.Header(), p)
	w.WriteHeader(status)
	return nil
}

// headUpload tells where an upload is.
func (a *API) headUpload(w http.ResponseWriter, r *http.Request) error {
	p, err := a.findUpload(r)
	if err != nil {
		return err
	}
	h := w.Header()
	setOffset(h, p)
	setExpiry(h, p)
	if p.GetLength() > 0 {
		h.Set(tus.HeaderLength, strconv.FormatInt(p.GetLength(), 10))
	} else {
		h.Set(tus.HeaderDefer, "1")
	}
	if p.GetMetadata() != "" {
		h.Set(tus.HeaderMetadata, p.GetMetadata())
	}
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	return nil
}

// getUpload answers with the file that an upload has become.
func (a *API) getUpload(w http.ResponseWriter, r *http.Request) error {
	p, err := a.findUpload(r)
	if err != nil {
		return err
	}
	if !p.Complete() {
		unfinished := fault.New(fault.NotFound, "upload_not_finished", "The upload is not finished.")
		return problem.With(problem.With(unfinished, "length", p.GetLength()), "offset", p.GetOffset())
	}
	file, err := a.findFile(r.Context(), p.GetUserId(), p.GetId())
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, fileOf(file))
}

// discardUpload forgets an upload. Its file, if it has become one, stays.
func (a *API) discardUpload(w http.ResponseWriter, r *http.Request) error {
	p, err := a.findUpload(r)
	if err != nil {
		return err
	}
	if err := a.Resumable.Discard(r.Context(), p); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *API) findUpload(r *http.Request) (*upload.Partial, error) {
	return a.Resumable.Find(r.Context(), auth.User(r.Context()).GetId(), r.PathValue("upload_id"))
}

func setOffset(h http.Header, p *upload.Partial) {
	h.Set(tus.HeaderOffset, strconv.FormatInt(p.GetOffset(), 10))
}

func setExpiry(h http.Header, p *upload.Partial) {
	h.Set(tus.HeaderExpires, p.GetExpiresAt().AsTime().Format(http.TimeFormat))
}
