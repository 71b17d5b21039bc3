package cli

import (
	"sync"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

// progress shows how far recordings are, each called by its index in the batch.
// Its methods may be called at the same time.
type progress interface {
	// uploading is told the bytes sent so far, first with 0.
	uploading(i int, sent int64)
	// created is told the job once there is one.
	created(i int, task string)
	// job is told every change of the job.
	job(i int, s client.Status)
	// ended is told when no more is to come of a recording.
	ended(i int)
	// aside lets show write to the terminal without disturbing the progress.
	aside(show func())
	// close takes the progress off the screen.
	close()
}

// newProgress is a bar for people and lines for logs.
func (s *session) newProgress(recordings []recording) progress {
	if s.StderrTerminal {
		return newBar(s.Stderr, recordings)
	}
	return &lines{app: s.App, recordings: recordings, last: make([]string, len(recordings))}
}

// lines writes a line where something new begins.
type lines struct {
	app        *App
	recordings []recording

	mu   sync.Mutex
	last []string // what was written last of each recording
}

func (l *lines) uploading(i int, sent int64) {
	if sent == 0 {
		l.write(i, "uploading "+bytesText(l.recordings[i].size))
	}
}

func (l *lines) created(i int, task string) { l.write(i, "job "+task) }

func (l *lines) job(i int, s client.Status) {
	// Tenths are news enough for a log.
	s.Progress = float64(int(s.Progress*10)) / 10
	l.write(i, statusText(s))
}

func (l *lines) write(i int, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last[i] != text {
		l.last[i] = text
		l.app.note("%s: %s", printable(l.recordings[i].name), text)
	}
}

func (l *lines) ended(int) {}

func (l *lines) aside(show func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	show()
}

func (l *lines) close() {}
