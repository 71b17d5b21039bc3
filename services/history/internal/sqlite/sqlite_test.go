package sqlite

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

func TestPage_readsTheIndexWithoutSorting(t *testing.T) {
	t.Parallel()
	store := openEmpty(t)
	// What is found in the index: a cursor begins where it points, and does not
	// read its way there.
	const ofUser, older = "(user_id=?)", "(user_id=? AND (created_at,id)<(?,?))"
	queries := map[string]struct {
		query record.Query
		found string
	}{
		"first":     {record.Query{UserID: "ann", Limit: 10}, ofUser},
		"by cursor": {record.Query{UserID: "ann", Limit: 10, After: &record.Position{CreatedAt: 5, JobID: "x"}}, older},
		"by offset": {record.Query{UserID: "ann", Limit: 10, Offset: 500}, ofUser},
		"by status": {record.Query{UserID: "ann", Limit: 10, Status: []string{"completed", "failed"}}, ofUser},
		"without": {record.Query{UserID: "ann", Limit: 10, After: &record.Position{CreatedAt: 5, JobID: "x"},
			Without: []record.Known{{JobID: "y", Revision: 1}}}, older},
	}
	for name, c := range queries {
		text, args := pageQuery(c.query, "{}")
		plan := explain(t, store.reader, text, args)
		if !strings.Contains(plan, "SEARCH transcription_history USING INDEX idx_transcription_history_keyset "+c.found) ||
			strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s: %s", name, plan)
		}
	}
}

func TestPage_findsKnownJobsByTheirIDs(t *testing.T) {
	t.Parallel()
	plan := explain(t, openEmpty(t).reader, selectKnown, []any{"{}", "ann"})
	if !strings.Contains(plan, "SEARCH job USING INDEX sqlite_autoindex_transcription_history_1 (id=?)") {
		t.Error(plan)
	}
}

func TestOpen_makesTheIndexes(t *testing.T) {
	t.Parallel()
	store := openEmpty(t)
	for _, name := range []string{"idx_transcription_history_user_id", "idx_transcription_history_created_at", "idx_transcription_history_status",
		"idx_transcription_history_user_status", "idx_transcription_history_file_name", "idx_transcription_history_status_priority",
		"idx_transcription_history_keyset", "idx_transcription_history_active", "idx_users_active"} {
		var table string
		if err := store.writer.QueryRow(`SELECT tbl_name FROM sqlite_master WHERE type = 'index' AND name = ?`, name).Scan(&table); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRecord_isUnavailableWhileTheDiskIsFull(t *testing.T) {
	t.Parallel()
	store := openEmpty(t)
	if _, err := store.writer.Exec(`PRAGMA max_page_count = 1`); err != nil { // rounded up to what there is
		t.Fatal(err)
	}
	big := record.Change{Revision: 1,
		Job:        &jobv1.Job{Id: "x", UserId: "ann", State: jobv1.State_STATE_COMPLETED, CreatedAt: timestamppb.Now()},
		Transcript: &jobv1.Transcript{Segments: []*jobv1.Segment{{Text: strings.Repeat("слово ", 100_000)}}}}

	full := store.Record(t.Context(), []record.Change{big})
	if _, err := store.writer.Exec(`PRAGMA max_page_count = 1000000`); err != nil {
		t.Fatal(err)
	}
	after := store.Record(t.Context(), []record.Change{big})

	if !fault.Is(full, fault.Unavailable) {
		t.Errorf("full: got %v, want unavailable", full)
	}
	if after != nil {
		t.Errorf("with room again: %v", after)
	}
}

func TestOpen_writesThroughToTheDisk(t *testing.T) {
	t.Parallel()
	store := openEmpty(t)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := store.writer.QueryRow(`PRAGMA ` + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", pragma, got, err, want)
		}
	}
}

func openEmpty(t testing.TB) *Store {
	t.Helper()
	store, err := Open(t.Context(), filepath.Join(t.TempDir(), "history.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func explain(t *testing.T, db *sql.DB, query string, args []any) string {
	t.Helper()
	rows, err := db.Query(`EXPLAIN QUERY PLAN `+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(detail + "; ")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}
