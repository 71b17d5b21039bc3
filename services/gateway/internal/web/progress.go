package web

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// leastProgress is what has to come within each idle time, in bytes: who sends a byte
// now and then, to hold on to the connection, is silent.
const leastProgress = 16 << 10

// ProgressReader reads a request's body as long as enough keeps coming: the next 16
// KiB may take up to idle, not counting the time that the reader itself takes. The
// deadline is lifted at the body's end, else it would end the request while it is
// being answered; not before, since the server reads on when the handler has returned.
type ProgressReader struct {
	body    io.Reader
	control *http.ResponseController
	idle    time.Duration
	left    time.Duration // of idle
	came    int           // bytes since left was idle
}

// NewProgressReader reads body, which is r.Body or made from it.
func NewProgressReader(w http.ResponseWriter, body io.Reader, idle time.Duration) *ProgressReader {
	return &ProgressReader{body: body, control: http.NewResponseController(w), idle: idle, left: idle}
}

// Read implements io.Reader. An os.ErrDeadlineExceeded says that too little came.
func (p *ProgressReader) Read(b []byte) (int, error) {
	began := time.Now()
	_ = p.control.SetReadDeadline(began.Add(p.left)) // without deadlines there is none to keep
	n, err := p.body.Read(b)
	if errors.Is(err, io.EOF) {
		_ = p.control.SetReadDeadline(time.Time{})
	}
	p.left -= time.Since(began)
	if p.came += n; p.came >= leastProgress {
		p.left, p.came = p.idle, 0
	}
	return n, err
}
