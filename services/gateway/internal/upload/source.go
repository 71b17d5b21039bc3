package upload

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// formOverhead is what a form may hold besides the recording.
const formOverhead = 64 << 10

// fileField is the field of a form that holds the recording.
const fileField = "file"

// source is a recording on its way in.
type source struct {
	name        string
	contentType string
	body        io.Reader
	err         error // what ended the reading before its time
	close       func()
	wrong       func(error) error // the fault that such an error is
	unlisted    bool              // makes no record
}

// keep remembers why reading from the request ended, if not by its end.
type keep struct {
	from io.Reader
	err  *error
}

func (k keep) Read(p []byte) (int, error) {
	n, err := k.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		*k.err = err
	}
	return n, err
}

// source finds the recording in a request: the field "file" of a form, or at the
// address that a JSON object has; else the whole body, whatever type curl says it has.
// The caller closes it.
func (v *Receiver) source(w http.ResponseWriter, r *http.Request, userID string) (*source, error) {
	if r.ContentLength > v.MaxBytes+formOverhead {
		return nil, v.tooLarge()
	}
	contentType := r.Header.Get("Content-Type")
	kind, params, err := mime.ParseMediaType(contentType)
	body := web.NewProgressReader(w, http.MaxBytesReader(w, r.Body, v.MaxBytes+formOverhead), v.Idle)
	s := &source{name: r.URL.Query().Get("name"), contentType: contentType, close: func() {}, wrong: readFault}
	switch {
	case err == nil && kind == "application/json":
		return v.fetch(w, r, userID)
	case err == nil && kind == "multipart/form-data":
		part, err := filePart(body, params["boundary"])
		if err != nil {
			return nil, err
		}
		if s.name == "" {
			s.name = part.FileName()
		}
		s.contentType = part.Header.Get("Content-Type")
		s.body = keep{from: part, err: &s.err}
	default:
		s.body = keep{from: body, err: &s.err}
	}
	return s, nil
}

// filePart skips to the field with the recording. Parts are read as they come:
// nothing is kept in memory or a temporary file.
func filePart(body io.Reader, boundary string) (*multipart.Part, error) {
	if boundary == "" {
		return nil, fault.New(fault.Invalid, "invalid_form", "The form has no boundary.")
	}
	form := multipart.NewReader(body, boundary)
	for {
		part, err := form.NextPart()
		switch {
		case err == io.EOF: //nolint:errorlint // NextPart returns it bare at the end, wrapped when cut off
			return nil, fault.New(fault.Invalid, "invalid_form", `The form has no field "file".`)
		case err != nil:
			return nil, readFault(err)
		case part.FormName() == fileField:
			return part, nil
		}
	}
}
