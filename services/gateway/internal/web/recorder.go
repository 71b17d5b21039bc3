package web

import (
	"net/http"
	"time"
)

// writeTime is how long a client may take nothing of its answer.
const writeTime = time.Minute

// statusLeft is noted where nobody was there to be answered, as nginx does.
const statusLeft = 499

// recorder remembers what was answered, and gives each write its own deadline: an
// answer may be long, but somebody must be taking it.
type recorder struct {
	http.ResponseWriter
	control *http.ResponseController
	status  int
	bytes   int64
	begun   bool
}

func newRecorder(w http.ResponseWriter) *recorder {
	answer := &recorder{ResponseWriter: w, control: http.NewResponseController(w), status: http.StatusOK}
	answer.extend() // the deadline of the request before on this connection may be over
	return answer
}

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	if !w.begun {
		w.status, w.begun = status, true
	}
	w.extend()
	w.ResponseWriter.WriteHeader(status)
}

// writePiece is how much of an answer has to be taken within writeTime, however long
// it is: a slow client is served at 1 KiB a second, one that holds on to the
// connection is not.
const writePiece = 64 << 10

// Write implements io.Writer.
func (w *recorder) Write(p []byte) (n int, err error) {
	w.begun = true
	for {
		w.extend()
		piece := p[:min(len(p), writePiece)]
		wrote, err := w.ResponseWriter.Write(piece)
		n += wrote
		w.bytes += int64(wrote)
		if p = p[len(piece):]; err != nil || len(p) == 0 {
			return n, err
		}
	}
}

// leave notes that the client is gone; nothing is written.
func leave(w http.ResponseWriter) {
	if answer, ours := w.(*recorder); ours && !answer.begun {
		answer.status = statusLeft
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recorder) extend() {
	// Not every writer has deadlines (httptest's has none); then there is none to keep.
	_ = w.control.SetWriteDeadline(time.Now().Add(writeTime))
}
