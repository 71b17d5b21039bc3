package cli_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/services/steno/internal/cli"
)

func TestPull_putsTheModelIntoTheFolder(t *testing.T) {
	t.Parallel()
	for name, person := range map[string]bool{"lines": false, "bar": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			weights := strings.Repeat("weights", 10_000)
			app, stdout, stderr := puller(t, weights, weights)
			app.StderrTerminal = person
			dir := filepath.Join(t.TempDir(), "models")

			code := app.Run(t.Context(), []string{"models", "pull", "TINY-alias", "--dir", dir})

			path := filepath.Join(dir, "tiny.bin")
			if code != 0 || stdout.String() != path+"\n" {
				t.Fatalf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
			}
			if content, err := os.ReadFile(path); err != nil || string(content) != weights {
				t.Errorf("the file holds %d bytes, error %v", len(content), err)
			}
			if !strings.Contains(stderr.String(), "tiny: 70.0 kB, A model for a test.") {
				t.Errorf("stderr is %q", stderr)
			}
			if !person && !strings.Contains(stderr.String(), "tiny: 100 %, 70.0 kB of 70.0 kB") {
				t.Errorf("stderr is %q", stderr)
			}
		})
	}
}

func TestPull_keepsNothingThatIsNotTheModel(t *testing.T) {
	t.Parallel()
	app, stdout, stderr := puller(t, "weights", "strange")
	dir := t.TempDir()

	code := app.Run(t.Context(), []string{"models", "pull", "tiny", "--dir", dir})

	if code != 1 || stdout.Len() != 0 || !strings.Contains(stderr.String(), "is not the file the catalogue names") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("folder holds %v, error %v", entries, err)
	}
}

func TestPull_refusesANameThatIsNotInTheCatalogue(t *testing.T) {
	t.Parallel()
	app, _, stderr := puller(t, "weights", "weights")

	code := app.Run(t.Context(), []string{"models", "pull", "huge"})

	if code != 1 || !strings.Contains(stderr.String(), "(model_not_found)") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
}

// puller is the program with a catalogue of one model and the place it comes
// from, which serves other bytes if the test wants.
func puller(t *testing.T, promised, served string) (app cli.App, stdout, stderr *bytes.Buffer) {
	t.Helper()
	source := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(served))
	}))
	t.Cleanup(source.Close)
	sum := sha256.Sum256([]byte(promised))
	model := catalog.Model{
		Name: "tiny", Aliases: []string{"tiny-alias"}, File: "tiny.bin", Source: source.URL,
		Bytes: int64(len(promised)), SHA256: hex.EncodeToString(sum[:]),
		Languages: []string{"en"}, Licence: "MIT", Description: "A model for a test.",
	}
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	return cli.App{
		Stdout: stdout, Stderr: stderr, Getenv: func(string) string { return "" }, HTTP: source.Client(),
		Catalog: func() (*catalog.Catalog, error) { return catalog.New(model) },
	}, stdout, stderr
}
