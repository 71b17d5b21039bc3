package web

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// ProgressReader reads a request's body as long as something keeps coming: each
// read may take up to idle. The deadline is lifted at the body's end, else it
// would end the request while it is being answered; not before, since the server
// reads on when the handler has returned.
type ProgressReader struct {
	body    io.Reader
	control *http.ResponseController
	idle    time.Duration
}

// NewProgressReader reads body, which is r.Body or made from it.
func NewProgressReader(w http.ResponseWriter, body io.Reader, idle time.Duration) *ProgressReader {
	return &ProgressReader{body: body, control: http.NewResponseController(w), idle: idle}
}

// Read implements io.Reader. An os.ErrDeadlineExceeded says that nothing came.
func (p *ProgressReader) Read(b []byte) (int, error) {
	_ = p.control.SetReadDeadline(time.Now().Add(p.idle)) // without deadlines there is none to keep
	n, err := p.body.Read(b)
	if errors.Is(err, io.EOF) {
		_ = p.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
