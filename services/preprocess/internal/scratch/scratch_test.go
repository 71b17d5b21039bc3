package scratch_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stenomesh/stenomesh/services/preprocess/internal/scratch"
)

func TestSpace_leavesNothing(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "new", "scratch")
	space := open(t, root)
	folder, remove, err := space.Folder()
	if err != nil {
		t.Fatal(err)
	}
	fill(t, folder)

	if err := remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
	if err := space.Close(); err != nil {
		t.Fatal(err)
	}
	if left := inside(t, root); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestOpen_clearsUpAfterTheDeadOnly(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	// What a killed process leaves: a folder without a lock.
	dead := filepath.Join(root, "process-123", "recording-456")
	if err := os.MkdirAll(dead, 0o700); err != nil {
		t.Fatal(err)
	}
	fill(t, dead)
	alive := open(t, root)
	folder, _, err := alive.Folder()
	if err != nil {
		t.Fatal(err)
	}
	fill(t, folder)

	newcomer := open(t, root)

	if _, err := os.Stat(filepath.Join(folder, "file")); err != nil {
		t.Errorf("the work of another process is gone: %v", err)
	}
	if left := inside(t, root); len(left) != 2 {
		t.Errorf("in the root are %v, want the parts of two processes", left)
	}
	if err := newcomer.Close(); err != nil {
		t.Error(err)
	}
	if err := alive.Close(); err != nil {
		t.Error(err)
	}
}

func open(t *testing.T, root string) *scratch.Space {
	t.Helper()
	space, err := scratch.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	return space
}

func fill(t *testing.T, folder string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, "file"), []byte("sound"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func inside(t *testing.T, root string) []string {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(root, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return left
}
