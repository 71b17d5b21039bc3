package enginetest

import (
	"bytes"
	"sync"
)

// LogBuffer takes log lines from any number of goroutines. The zero value is
// ready.
type LogBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write adds to the end.
func (b *LogBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String is all that was written.
func (b *LogBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
