package main

import (
	"bytes"
	"sync"
)

// tailSize is how much of the log is kept: some twenty lines.
const tailSize = 4 << 10

// tail keeps the end of what is written to it. It may be read while it is
// written.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

// Write takes everything.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - tailSize; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(p), nil
}

// String returns what was kept, from the first whole line on.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.kept) < tailSize {
		return string(t.kept)
	}
	_, whole, _ := bytes.Cut(t.kept, []byte("\n"))
	return string(whole)
}
