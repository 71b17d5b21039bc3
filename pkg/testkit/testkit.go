// Package testkit gives tests the real parts they run on: an embedded bus, the
// sample recordings, and a way to wait for a fact.
package testkit

import (
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/bus"
)

// Patience is how long Eventually waits. It only ends tests that fail, so it
// is long enough for a slow machine under the race detector.
const Patience = 2 * time.Minute

// Eventually waits until fact holds, and fails the test when it never does.
func Eventually(t testing.TB, what string, fact func() bool) {
	t.Helper()
	deadline := time.Now().Add(Patience)
	for !fact() {
		if time.Now().After(deadline) {
			t.Fatalf("never came true: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Log returns a logger that writes to the test's log while the test runs.
func Log(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// Bus starts an embedded server in a folder of the test's own, with all streams
// and a consumer for each model, and connects to it. All of it ends with the
// test.
func Bus(t testing.TB, models ...string) *bus.Bus {
	t.Helper()
	embedded, err := bus.StartEmbedded(t.TempDir(), Log(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(embedded.Stop)
	b, err := embedded.Connect("test", Log(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	if err := bus.Provision(t.Context(), b.JS, bus.EmbeddedLayout(models)); err != nil {
		t.Fatal(err)
	}
	return b
}

// Root returns the top folder of the project.
func Root(t testing.TB) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(here), "..", "..")
	if _, err := os.Stat(filepath.Join(root, "go.work")); err != nil {
		t.Fatalf("the project's folder is not where the tests were built: %v", err)
	}
	return root
}

// Binary returns the path of a program that `make test-programs` builds: one of
// stenomesh, whisper-engine and scripted-engine, with the race detector. Those that
// are to be measured, without it, are in the folder that STENOMESH_TEST_PROGRAMS
// names.
func Binary(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(Root(t), "bin", "test", name)
	if folder := os.Getenv("STENOMESH_TEST_PROGRAMS"); folder != "" {
		path = filepath.Join(folder, name)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s is missing; run: make test-programs", path)
	}
	return path
}
