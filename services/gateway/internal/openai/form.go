package openai

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/upload"
)

// Bounds of a form besides the recording, in bytes but for the parts.
const (
	mostParts    = 1000
	mostFields   = 256 << 10 // of all fields together, without samples of voices
	mostSample   = 4 << 20   // of one sample of a voice
	formOverhead = 5 * mostSample
)

const (
	fileField   = "file"
	sampleField = "known_speaker_references"
)

// fields are the fields of a form besides the recording: values by name, in the order
// in which they came. Of a sample of a voice only the beginning is kept.
type fields map[string][]string

// receive stores the recording of a form and reads what is asked for. The recording is
// written as it comes, whatever fields follow it, and removed again when they are not
// right.
func (a *API) receive(w http.ResponseWriter, r *http.Request, parse func(fields) (order, error)) (order, *jobv1.File, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return order{}, nil, invalidForm("Send the recording and the fields as multipart/form-data.")
	}
	body, err := a.Uploads.Body(w, r, formOverhead)
	if err != nil {
		return order{}, nil, err
	}
	var file *jobv1.File
	found, err := readForm(body, params["boundary"], func(part *multipart.Part) error {
		var err error
		file, err = a.Uploads.ReceivePart(r.Context(), auth.User(r.Context()).GetId(), upload.Part{
			Name: part.FileName(), ContentType: part.Header.Get("Content-Type"), Body: part, Unlisted: !a.KeepFiles,
		})
		return err
	})
	var o order
	if err == nil {
		o, err = parse(found)
	}
	if err == nil && file == nil {
		err = missing(fileField)
	}
	if err != nil {
		a.drop(r.Context(), file)
		return order{}, nil, err
	}
	return o, file, nil
}

// drop removes a recording that did not become a job; nil for none.
func (a *API) drop(ctx context.Context, file *jobv1.File) {
	if file == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterTime)
	defer cancel()
	a.forget(ctx, file.GetUserId(), file.GetInput().GetFileId())
}

// forget removes the record of a recording; its bytes follow. If that fails the
// recording stays among the files of the user, who can delete it.
func (a *API) forget(ctx context.Context, user, fileID string) {
	if !a.KeepFiles {
		return
	}
	if err := a.Files.Delete(ctx, user, fileID); err != nil {
		a.Log.Warn("recording stays without its job", "user", user, "file", fileID, "err", err)
	}
}

// readForm reads a form part by part, in any order: store is called with the
// recording, once, and reads it. The body is read to its end, or the server would not
// notice that its client leaves.
func readForm(body io.Reader, boundary string, store func(*multipart.Part) error) (fields, error) {
	form := multipart.NewReader(body, boundary)
	found, room, stored := fields{}, int64(mostFields), false
	for range mostParts {
		part, err := form.NextPart()
		switch {
		case err == io.EOF: //nolint:errorlint // NextPart returns it bare at the end, wrapped when cut off
			_, err = io.Copy(io.Discard, body)
			return found, formFault(err)
		case err != nil:
			return nil, formFault(err)
		case part.FormName() != fileField:
			if err := found.read(part, &room); err != nil {
				return nil, err
			}
		case stored:
			return nil, invalidField(fileField, "Send one recording a request.")
		default:
			stored = true
			if err := store(part); err != nil {
				return nil, err
			}
		}
	}
	return nil, invalidForm("The form has too many fields.")
}

// read takes one field; room is what the others have left.
func (f fields) read(part *multipart.Part, room *int64) error {
	name := part.FormName()
	if strings.HasPrefix(name, sampleField) {
		return f.readSample(name, part)
	}
	value, err := io.ReadAll(io.LimitReader(part, *room+1))
	*room -= int64(len(name) + len(value))
	switch {
	case err != nil:
		return formFault(err)
	case *room < 0:
		return fault.New(fault.TooLarge, "body_too_large", "The fields of the form are too large.")
	case !utf8.ValidString(name) || !utf8.Valid(value): // records do not take it
		return invalidForm("The fields of the form are not UTF-8.")
	}
	f[name] = append(f[name], string(value))
	return nil
}

// readSample keeps what tells a data URL.
func (f fields) readSample(name string, part io.Reader) error {
	var head strings.Builder
	_, err := io.CopyN(&head, part, int64(len(dataURL)))
	if err == nil {
		var rest int64
		rest, err = io.Copy(io.Discard, io.LimitReader(part, mostSample))
		if rest == mostSample {
			return fault.New(fault.TooLarge, "body_too_large", "A sample of a voice is too large.")
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return formFault(err)
	}
	f[name] = append(f[name], head.String())
	return nil
}

// formFault is nil for nil.
func formFault(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &tooLarge):
		return upload.Broken(err)
	default:
		return fault.Wrap(err, fault.Invalid, "invalid_form", "The form cannot be read: it is malformed, or did not arrive whole.")
	}
}

func invalidForm(message string) error { return fault.New(fault.Invalid, "invalid_form", message) }
