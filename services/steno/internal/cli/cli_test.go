package cli_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/services/steno/internal/cli"
	"github.com/stenomesh/stenomesh/services/steno/internal/gatewaytest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// run is one run of the program in a folder of its own.
type run struct {
	code           int
	stdout, stderr string
}

// terminal tells which outputs a run takes for one.
type terminal struct{ stdout, stderr bool }

// steno runs the program against a server with a valid token.
func steno(t *testing.T, server *gatewaytest.Server, arguments ...string) run {
	t.Helper()
	env := map[string]string{"STENO_URL": server.URL, "STENO_TOKEN": gatewaytest.Token}
	return execute(t.Context(), env, terminal{}, arguments...)
}

func execute(ctx context.Context, env map[string]string, on terminal, arguments ...string) run {
	return person{env: env, on: on}.run(ctx, arguments...)
}

// person is who uses the program, and where.
type person struct {
	env       map[string]string
	on        terminal
	password  string // typed when asked
	loginFile string
	largeFile int64 // bytes
}

func (p person) run(ctx context.Context, arguments ...string) run {
	var stdout, stderr buffer
	app := cli.App{
		Stdout: &stdout, Stderr: &stderr, StdoutTerminal: p.on.stdout, StderrTerminal: p.on.stderr,
		Getenv: func(name string) string { return p.env[name] }, Location: time.UTC, Catalog: catalog.Default,
		LoginFile: p.loginFile, LargeFile: p.largeFile,
	}
	if p.password != "" {
		app.ReadPassword = func(string) (string, error) { return p.password, nil }
	}
	code := app.Run(ctx, arguments)
	return run{code, stdout.String(), stderr.String()}
}

// buffer may be written to from several goroutines.
type buffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}

// recordings makes files with these names and returns their paths.
func recordings(t *testing.T, names ...string) []string {
	t.Helper()
	folder := t.TempDir()
	paths := make([]string, 0, len(names))
	for _, name := range names {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte("sound of "+name), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// want fails the test unless the run ended with a code and said these things on
// the standard error.
func (r run) want(t *testing.T, code int, said ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code is %d, want %d; stderr:\n%s", r.code, code, r.stderr)
	}
	for _, text := range said {
		if !strings.Contains(r.stderr, text) {
			t.Errorf("stderr lacks %q:\n%s", text, r.stderr)
		}
	}
}

// golden compares a text with testdata/<name>.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run with -update if that is right. Got:\n%s\nwant:\n%s", path, got, want)
	}
}
