package upload

import (
	"context"
	"io"
	"net/http"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// Part is a recording inside a request that holds more than it.
type Part struct {
	Name        string // as the client calls the file
	ContentType string // as the client says; may be empty
	Body        io.Reader
	// Unlisted recordings get no record: their bytes are kept as long as a job that
	// is under way refers to them, and go soon after.
	Unlisted bool
}

// Body returns the body of such a request, which may be larger than a recording by
// overhead bytes. A read fails when the client sends nothing for as long as an
// upload may be silent. TooLarge, code "file_too_large": the head says already that
// it is too large.
func (v *Receiver) Body(w http.ResponseWriter, r *http.Request, overhead int64) (io.Reader, error) {
	if r.ContentLength > v.MaxBytes+overhead {
		return nil, v.tooLarge()
	}
	return web.NewProgressReader(w, http.MaxBytesReader(w, r.Body, v.MaxBytes+overhead), v.Idle), nil
}

// Broken is the error for a body that ended before its time, as err says.
func Broken(err error) error { return readFault(err) }

// ReceivePart stores the recording in a part under a new file id of the user. Errors
// are those of Receive.
func (v *Receiver) ReceivePart(ctx context.Context, userID string, part Part) (*jobv1.File, error) {
	if err := v.admit(ctx, userID, ""); err != nil {
		return nil, err
	}
	most, err := v.allow(ctx, userID, "", -1)
	if err != nil {
		return nil, err
	}
	s := &source{name: part.Name, contentType: part.ContentType, unlisted: part.Unlisted, wrong: readFault}
	s.body = keep{from: part.Body, err: &s.err}
	file, _, err := v.put(ctx, s, most, userID, "")
	return file, err
}
