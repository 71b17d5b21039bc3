package enginetest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/stenomesh/stenomesh/pkg/testkit"
)

// Main is the TestMain of a package that runs engines: it removes what was built
// and fails when a goroutine is left. It returns the exit code.
func Main(m *testing.M) int {
	code := m.Run()
	if err := scripted.remove(); err != nil {
		fmt.Fprintln(os.Stderr, "enginetest:", err)
		code = max(code, 1)
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "enginetest:", err)
		code = 1
	}
	return code
}

// program is built once per test binary.
type program struct {
	once sync.Once
	dir  string
	err  error
}

var scripted program

func (p *program) build(root string) {
	if p.dir, p.err = os.MkdirTemp("", "stenomesh-enginetest-"); p.err != nil {
		return
	}
	cmd := exec.CommandContext(context.Background(), "go", "build", "-o", p.path(), "./services/transcriber/cmd/scripted-engine")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		p.err = fmt.Errorf("build scripted-engine: %w\n%s", err, out)
	}
}

func (p *program) path() string { return filepath.Join(p.dir, "scripted-engine") }

func (p *program) remove() error {
	if p.dir == "" {
		return nil
	}
	return os.RemoveAll(p.dir)
}

// Scripted is the path of the scripted engine, built from source on first use. A
// package that calls it has Main as its TestMain.
func Scripted(t testing.TB) string {
	t.Helper()
	dir := testkit.Root(t)
	scripted.once.Do(func() { scripted.build(dir) })
	if scripted.err != nil {
		t.Fatal(scripted.err)
	}
	return scripted.path()
}

// ScriptedModel writes a model file for the scripted engine, with a script beside
// it where script is not empty, and returns its path.
func ScriptedModel(t testing.TB, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.bin")
	if err := os.WriteFile(path, []byte("scripted model\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if script != "" {
		SetScript(t, path, script)
	}
	return path
}

// SetScript replaces the script beside a model file.
func SetScript(t testing.TB, model, script string) {
	t.Helper()
	if err := os.WriteFile(model+".new", []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(model+".new", model+".script"); err != nil {
		t.Fatal(err)
	}
}

// Whisper is the path of the real engine: STENOMESH_WHISPER_ENGINE, or else
// bin/whisper-engine in the project.
func Whisper(t testing.TB) string {
	t.Helper()
	path := os.Getenv("STENOMESH_WHISPER_ENGINE")
	if path == "" {
		return testkit.Binary(t, "whisper-engine")
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("STENOMESH_WHISPER_ENGINE: %v; run: make build", err)
	}
	return path
}

// DemoModel is the path of the bundled model.
func DemoModel(t testing.TB) string {
	t.Helper()
	return filepath.Join(testkit.Root(t), "deploy", "models", "ggml-demo-en-ru.bin")
}
