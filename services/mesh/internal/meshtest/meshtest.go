// Package meshtest starts the whole mesh for tests: inside the test, where the
// race detector sees it, or as a process of its own that can be killed.
package meshtest

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh"
	"github.com/stenomesh/stenomesh/services/steno/client"
)

// User and Password are the account that every mesh of a test has.
const (
	User     = "ann"
	Password = "ann-secret"
)

// InProcess runs a mesh inside the test until it ends. args are more flags of
// `stenomesh up`.
func InProcess(t testing.TB, args ...string) *Mesh {
	t.Helper()
	m := &Mesh{Data: t.TempDir()}
	cfg, err := mesh.ParseFlags(flags(t, m.Data, args), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	cfg.Ready = func(b *bus.Bus) { m.Bus = b }
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	out := newAnnouncement()
	done := make(chan error, 1)
	go func() { done <- mesh.Run(ctx, cfg, out, t.Output()) }()
	m.Stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the mesh ended with %v", err)
		}
	})
	t.Cleanup(m.Stop)
	select {
	case m.URL = <-out.url:
	case err := <-done:
		done <- nil
		t.Fatalf("the mesh did not start: %v", err)
	case <-time.After(testkit.Patience):
		t.Fatal("the mesh did not start in time")
	}
	return m
}

// Mesh is a running mesh.
type Mesh struct {
	URL  string   // of its HTTP API
	Data string   // its data folder
	Bus  *bus.Bus // only of a mesh in process
	Stop func()   // ends it and waits; the end of the test does it too
}

// Client returns a client that is logged in as the account of tests.
func (m *Mesh) Client(t testing.TB) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{URL: m.URL})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Login(t.Context(), User, Password); err != nil {
		t.Fatal(err)
	}
	return c
}

// Upload stores a file of this machine and returns its id.
func Upload(t testing.TB, c *client.Client, path string) string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	stored, err := c.Upload(t.Context(), filepath.Base(path), info.Size(), file)
	if err != nil {
		t.Fatal(err)
	}
	return stored.FileID
}

// flags are those of every mesh of a test: the demo model for all jobs, and
// engines of the size of this machine.
func flags(t testing.TB, data string, more []string) []string {
	t.Helper()
	root := testkit.Root(t)
	return append([]string{
		"-addr", "127.0.0.1:0", "-data", data, "-user", User + ":" + Password, "-user", "bob:bob-secret",
		"-model-fallback", "demo", "-log-level", "warn",
		"-transcriber.engine", testkit.Binary(t, "whisper-engine"),
		"-models", filepath.Join(root, "deploy", "models"),
	}, more...)
}

// announcement is what the mesh prints; the line with its address is passed on.
type announcement struct {
	url chan string

	mu   sync.Mutex
	text bytes.Buffer
	told bool
}

var servesOn = regexp.MustCompile(`serves on (http://\S+)`)

func newAnnouncement() *announcement { return &announcement{url: make(chan string, 1)} }

func (a *announcement) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n, err := a.text.Write(p)
	if found := servesOn.FindSubmatch(a.text.Bytes()); found != nil && !a.told {
		a.told = true
		a.url <- string(found[1])
	}
	return n, err
}
