package sqlite_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
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

// What is deleted may not stay in the parts that the search index is stored in.
func TestRecord_leavesNoWordOfADeletedJob(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "history.db")
	store := open(t, path)
	job := &jobv1.Job{Id: "one", UserId: "ann", Attempt: 1, State: jobv1.State_STATE_COMPLETED}
	said := &jobv1.Transcript{Segments: []*jobv1.Segment{{Text: "Wilhelmina speaks."}}}
	other := proto.CloneOf(job)
	other.Id = "two"
	deleted := &jobv1.Job{Id: "one", UserId: "ann", State: jobv1.State_STATE_DELETED}
	found := func() (tables []string) {
		for _, item := range everything(t, path) {
			if strings.Contains(item, "wilhelmina") || strings.Contains(item, "Wilhelmina") {
				tables = append(tables, item)
			}
		}
		return tables
	}
	if err := store.Record(t.Context(), []record.Change{{Job: job, Revision: 1, Transcript: said}, {Job: other, Revision: 2,
		Transcript: &jobv1.Transcript{Segments: []*jobv1.Segment{{Text: "Somebody else speaks."}}}}}); err != nil {
		t.Fatal(err)
	}
	if len(found()) < 3 {
		t.Fatalf("it is in %q only", found())
	}

	if err := store.Record(t.Context(), []record.Change{{Job: deleted, Revision: 3}}); err != nil {
		t.Fatal(err)
	}

	if left := found(); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}

// everything is each value of each table, those behind the search too.
func everything(t *testing.T, path string) (values []string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, from := range []struct{ column, table string }{
		{"text", "transcripts"}, {"body", "transcripts"}, {"words", "transcript_search"}, {"block", "transcript_search_data"},
		{"c0", "transcript_search_content"}, {"term", "transcript_search_idx"},
	} {
		rows, err := db.QueryContext(t.Context(), `SELECT `+from.column+` FROM `+from.table)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var value sql.RawBytes
			if err := rows.Scan(&value); err != nil {
				t.Fatal(err)
			}
			values = append(values, from.table+": "+string(value))
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return values
}
