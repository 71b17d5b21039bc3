package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"sync"
)

// maxLine bounds a relayed line in bytes; what is longer is cut.
const maxLine = 8 << 10

// relay is a writer that logs each line of a child's standard error. A line in
// slog's JSON keeps its level; any other (an abort message of native code) is a
// warning.
type relay struct {
	log *slog.Logger

	mu      sync.Mutex
	pending []byte // the beginning of a line
	last    string
}

// Write never fails: a child must not be stopped by its log.
func (r *relay) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(p)
	for len(p) > 0 {
		line, rest, whole := bytes.Cut(p, []byte("\n"))
		r.pending = append(r.pending, line[:min(len(line), maxLine-len(r.pending))]...)
		if !whole && len(r.pending) < maxLine {
			break
		}
		r.emit()
		p = rest
	}
	return n, nil
}

func (r *relay) emit() {
	line := string(bytes.TrimSpace(r.pending))
	r.pending = r.pending[:0]
	if line == "" {
		return
	}
	r.last = line
	r.log.Log(context.Background(), levelOf(line), "engine output", "line", line)
}

// flush logs a last line that has no end.
func (r *relay) flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.emit()
}

// lastLine is the last line that was not empty.
func (r *relay) lastLine() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

func levelOf(line string) slog.Level {
	entry := struct{ Level slog.Level }{Level: slog.LevelWarn}
	if err := json.Unmarshal([]byte(line), &entry); err != nil {
		return slog.LevelWarn
	}
	return entry.Level
}
