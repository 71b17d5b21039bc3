package sandbox

import (
	"io"
	"strings"
)

// stderrLimit is how many bytes of a child's standard error are kept.
const stderrLimit = 4 << 10

// meter passes a child's output on until it is too much or cannot be taken,
// and then stops the child.
type meter struct {
	to   io.Writer
	left int64 // bytes the child may still write
	stop func(cause error)
}

// Write implements io.Writer.
func (m *meter) Write(p []byte) (int, error) {
	if m.left -= int64(len(p)); m.left < 0 {
		m.stop(ErrOutput)
		return 0, ErrOutput
	}
	n, err := m.to.Write(p)
	if err != nil {
		m.stop(err)
	}
	return n, err
}

// tail keeps the last bytes written to it.
type tail struct {
	limit int
	kept  []byte
}

// Write implements io.Writer and never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if extra := len(t.kept) - t.limit; extra > 0 {
		t.kept = append(t.kept[:0], t.kept[extra:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	return strings.ToValidUTF8(strings.TrimSpace(string(t.kept)), "?")
}
