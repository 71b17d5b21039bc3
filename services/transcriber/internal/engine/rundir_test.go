package engine_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
)

func TestPrepareRunDir_sweepsAfterAKill(t *testing.T) {
	t.Parallel()
	cfg := scripted(t, `{"load": "hang"}`)
	cfg.RunDir = filepath.Join(cfg.RunDir, "run")
	if err := engine.PrepareRunDir(cfg.RunDir); err != nil {
		t.Fatal(err)
	}
	parent := parent(t, cfg)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the load has begun", func() bool { return len(inside(t, cfg.RunDir)) > 0 })
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // it was killed
	if len(inside(t, cfg.RunDir)) == 0 {
		t.Fatal("the killed process left nothing, so there is nothing to sweep")
	}

	testkit.Eventually(t, "what it left is gone", func() bool {
		if err := engine.PrepareRunDir(cfg.RunDir); err != nil {
			t.Fatal(err)
		}
		return len(inside(t, cfg.RunDir)) == 0
	})
}

func TestPrepareRunDir_keepsTheLiving(t *testing.T) {
	t.Parallel()
	cfg := scripted(t, `{"load": "hang"}`)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := engine.Start(ctx, cfg)
		ended <- err
	}()
	socket := ""
	testkit.Eventually(t, "the engine is started", func() bool {
		found := inside(t, cfg.RunDir)
		if len(found) == 1 && runs(t, filepath.Join(cfg.RunDir, found[0])) {
			socket = found[0] // so it is locked by now
		}
		return socket != ""
	})

	err := engine.PrepareRunDir(cfg.RunDir)

	if left := inside(t, cfg.RunDir); err != nil || !slices.Equal(left, []string{socket}) {
		t.Errorf("run folder holds %v (%v), want %s", left, err, socket)
	}
	cancel()
	<-ended
}

func TestPrepareRunDir_removesSocketsOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	kept := []string{"steno-12/notes", "steno-notes/s", "other-34/s", "steno-56"}
	for _, path := range kept {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	leaveSocket(t, filepath.Join(dir, "steno-78"))

	if err := engine.PrepareRunDir(dir); err != nil {
		t.Fatal(err)
	}

	for _, path := range kept {
		if _, err := os.Stat(filepath.Join(dir, path)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "steno-78")); !os.IsNotExist(err) {
		t.Errorf("the socket of a dead process is still there: %v", err)
	}
}

// The system's temporary folder is the process's, so this test runs alone.
func TestPrepareRunDir_goesWhereSocketsFit(t *testing.T) {
	short, err := os.MkdirTemp("", "run")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(short) }()
	long := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	t.Setenv("TMPDIR", short)
	for _, dir := range []string{"", long} {
		leaveSocket(t, filepath.Join(short, "steno-78"))

		err := engine.PrepareRunDir(dir)

		if left := inside(t, short); err != nil || len(left) != 0 {
			t.Errorf("%q: the temporary folder holds %v (%v)", dir, left, err)
		}
	}
	if _, err := os.Stat(long); !os.IsNotExist(err) {
		t.Errorf("a folder of no use was made: %v", err)
	}
}

// leaveSocket makes what a process leaves that is killed during a load.
func leaveSocket(t *testing.T, folder string) {
	t.Helper()
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: filepath.Join(folder, "s")})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
}

func inside(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// runs reports whether a process has this path in its arguments.
func runs(t *testing.T, path string) bool {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(lines, func(name string) bool {
		line, err := os.ReadFile(name)
		return err == nil && strings.Contains(string(line), path) // else it has just ended
	})
}
