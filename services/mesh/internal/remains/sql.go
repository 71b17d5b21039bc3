package remains

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// SQLite reads every row of a database file.
func SQLite(t testing.TB, path string) []Item {
	t.Helper()
	return rows(t, "sqlite", "file:"+path+"?mode=ro", `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
}

// Postgres reads every row of a database.
func Postgres(t testing.TB, url string) []Item {
	t.Helper()
	return rows(t, "pgx", url, `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`)
}

func rows(t testing.TB, driver, url, tables string) (items []Item) {
	t.Helper()
	db, err := sql.Open(driver, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // it was only read
	for _, table := range read(t, db, tables) {
		name := fmt.Sprint(table["name"])
		for _, row := range read(t, db, `SELECT * FROM `+name) { //nolint:gosec // names from the database itself
			items = append(items, Item{Place: "table " + name, Text: textOf(row), Tombstone: isBuried(name, row)})
		}
	}
	return items
}

// read returns rows as values by column.
func read(t testing.TB, db *sql.DB, query string) (all []map[string]any) {
	t.Helper()
	found, err := db.QueryContext(context.WithoutCancel(t.Context()), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = found.Close() }()
	columns, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for found.Next() {
		values, places := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		if err := found.Scan(places...); err != nil {
			t.Fatal(err)
		}
		row := map[string]any{}
		for i, column := range columns {
			row[column] = values[i]
		}
		all = append(all, row)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func textOf(row map[string]any) string {
	text := ""
	for column, value := range row {
		if bytes, ok := value.([]byte); ok {
			value = string(bytes)
		}
		text += fmt.Sprintf("%s=%v\n", column, value)
	}
	return text
}

// isBuried holds for the row of a deleted job without its contents, and for the
// counter of a user who has none.
func isBuried(table string, row map[string]any) bool {
	switch table {
	case "transcription_history":
		record, _ := row["record"].([]byte)
		return row["status"] == "deleted" && len(record) == 0 && row["file_name"] == "" && row["file_id"] == ""
	case "user_counters":
		return row["jobs"] == int64(0)
	default:
		return false
	}
}
