package enginetest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
)

// Scripted is the path of the scripted engine.
func Scripted(t testing.TB) string {
	t.Helper()
	return testkit.Binary(t, "scripted-engine")
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

// Whisper is the path of the real engine.
func Whisper(t testing.TB) string {
	t.Helper()
	return testkit.Binary(t, "whisper-engine")
}

// DemoModel is the path of the bundled model.
func DemoModel(t testing.TB) string {
	t.Helper()
	return filepath.Join(testkit.Root(t), "deploy", "models", "ggml-demo-en-ru.bin")
}
