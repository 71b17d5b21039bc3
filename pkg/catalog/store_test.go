package catalog_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/pkg/fault"
)

// modelOf is a catalogue entry for a file with this content.
func modelOf(content string) catalog.Model {
	sum := sha256.Sum256([]byte(content))
	return catalog.Model{
		Name: "demo", File: "demo.bin", Bytes: int64(len(content)), SHA256: hex.EncodeToString(sum[:]),
		Languages: []string{"en"}, Licence: "MIT", Description: "For tests.",
	}
}

func writeFile(t *testing.T, path, content string, modTime time.Time) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, modTime, modTime); err != nil {
		t.Fatal(err)
	}
}

func TestStore_takesTheFirstFolderThatHasTheWholeFile(t *testing.T) {
	t.Parallel()
	broken, whole := t.TempDir(), t.TempDir()
	writeFile(t, filepath.Join(broken, "demo.bin"), "hel", time.Unix(1, 0))
	writeFile(t, filepath.Join(whole, "demo.bin"), "hello", time.Unix(1, 0))

	path, err := catalog.NewStore("/nonexistent", broken, whole).Locate(modelOf("hello"))

	if err != nil {
		t.Fatal(err)
	}
	if path != filepath.Join(whole, "demo.bin") {
		t.Errorf("found %s", path)
	}
}

func TestStore_saysHowToInstallWhatIsMissing(t *testing.T) {
	t.Parallel()
	store := catalog.NewStore(t.TempDir())

	_, err := store.Verified(t.Context(), modelOf("hello"))

	if !fault.Is(err, fault.NotFound) || !strings.Contains(fault.Of(err).Message, "steno models pull demo") {
		t.Errorf("error is %v", err)
	}
	if store.Installed(modelOf("hello")) {
		t.Error("a missing model counts as installed")
	}
}

func TestStore_refusesAFileWithTheWrongContent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "demo.bin"), "hullo", time.Unix(1, 0))
	store := catalog.NewStore(dir)

	for range 2 { // the second answer comes from memory
		if _, err := store.Verified(t.Context(), modelOf("hello")); !errors.Is(err, catalog.ErrChecksum) {
			t.Errorf("error is %v, want ErrChecksum", err)
		}
	}
}

func TestStore_readsAFileAgainOnlyWhenItChanged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "demo.bin")
	store := catalog.NewStore(filepath.Dir(path))
	writeFile(t, path, "hello", time.Unix(1, 0))
	if _, err := store.Verified(t.Context(), modelOf("hello")); err != nil {
		t.Fatal(err)
	}

	writeFile(t, path, "hullo", time.Unix(1, 0)) // same size and time: not read again
	if _, err := store.Verified(t.Context(), modelOf("hello")); err != nil {
		t.Errorf("a file that looks unchanged was read again: %v", err)
	}

	writeFile(t, path, "hullo", time.Unix(2, 0))
	if _, err := store.Verified(t.Context(), modelOf("hello")); !errors.Is(err, catalog.ErrChecksum) {
		t.Errorf("error after the change is %v, want ErrChecksum", err)
	}
}

func TestStore_stopsReadingWhenTheCallerGivesUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "demo.bin"), "hello", time.Unix(1, 0))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	_, err := catalog.NewStore(dir).Verified(ctx, modelOf("hello"))

	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
}
