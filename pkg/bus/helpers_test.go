package bus_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/testkit"
)

// wants checks that err is ErrDrift and has each of the lines.
func wants(t *testing.T, err error, lines ...string) {
	t.Helper()
	if !errors.Is(err, bus.ErrDrift) {
		t.Fatalf("got %v, want that it differs", err)
	}
	for _, line := range lines {
		if !strings.Contains(err.Error(), "\n  "+line) {
			t.Errorf("no line %q in %v", line, err)
		}
	}
}

func must(t *testing.T, do func(context.Context, jetstream.StreamConfig) (jetstream.Stream, error), config jetstream.StreamConfig) {
	t.Helper()
	if _, err := do(t.Context(), config); err != nil {
		t.Fatal(err)
	}
}

func configOf(t *testing.T, js jetstream.JetStream, stream string) jetstream.StreamConfig {
	t.Helper()
	handle, err := js.Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	return handle.CachedInfo().Config
}

// write puts text into a file of the test's own.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// transcript is a log that a test reads while others write.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *transcript) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelError}))
}

// Write implements io.Writer.
func (l *transcript) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// wants waits until there is something and checks that there are n lines, with all
// the words in the first.
func (l *transcript) wants(t *testing.T, n int, words ...string) {
	t.Helper()
	testkit.Eventually(t, "there is an error in the log", func() bool { return l.lines() != nil })
	lines := l.lines()
	if len(lines) != n {
		t.Errorf("%d errors in the log, want %d: %q", len(lines), n, lines)
	}
	for _, word := range words {
		if !strings.Contains(lines[0], word) {
			t.Errorf("%q is not in %q", word, lines[0])
		}
	}
}

func (l *transcript) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text.Len() == 0 {
		return nil
	}
	return strings.Split(strings.TrimSpace(l.text.String()), "\n")
}
