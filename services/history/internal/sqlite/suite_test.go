package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/services/history"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
	"github.com/stenomesh/stenomesh/services/history/internal/sqlite"
	"github.com/stenomesh/stenomesh/services/history/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) history.Store {
		return open(t, filepath.Join(t.TempDir(), "history.db"))
	})
}

func TestOpen_bringsBackWhatWasThere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "новая папка", "a b?c#%.db")
	first := open(t, path)
	if _, err := first.CreateUser(t.Context(), record.User{ID: "id-1", Name: "ann", Role: "user"}); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}

	got, err := open(t, path).UserByName(t.Context(), "ann")

	if err != nil || got.ID != "id-1" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestOpen_keepsTheFilesToTheirOwner(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	store := open(t, filepath.Join(folder, "history.db"))
	if _, err := store.CreateUser(t.Context(), record.User{ID: "id-1", Name: "ann", Role: "user"}); err != nil {
		t.Fatal(err)
	}

	files, err := os.ReadDir(folder)
	if err != nil || len(files) < 2 {
		t.Fatalf("got %v, %v; want the database and its log", files, err)
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", file.Name(), info.Mode())
		}
	}
}

func TestOpen_saysWhatIsWrong(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(path, []byte(strings.Repeat("this is no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}

	store, err := sqlite.Open(t.Context(), path)

	if err == nil {
		_ = store.Close()
		t.Fatal("a text file was opened as a database")
	}
	if !strings.Contains(err.Error(), path) {
		t.Errorf("the error does not name the file: %v", err)
	}
}

func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func TestUpkeep_catchesUpWithAVersionBefore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "history.db")
	store := open(t, path)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	storetest.CatchesUp(t, store, func() {
		for _, statement := range storetest.Before {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
	})
}
