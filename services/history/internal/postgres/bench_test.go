package postgres_test

import (
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/history/storetest"
)

func BenchmarkPage(b *testing.B) {
	database := durable(b)
	// What the server does by itself after a minute: it learns what is in its tables.
	storetest.BenchmarkPage(b, open(b, database), func() { execute(b, database, `ANALYZE`) })
}

// Each batch is on disk when it returns.
func BenchmarkRecord(b *testing.B) {
	storetest.BenchmarkRecord(b, open(b, durable(b)))
}

// durable returns a database on a server that writes through to the disk, as real
// ones do.
func durable(b *testing.B) string {
	b.Helper()
	database := testkit.PostgresServer(b).Database(b)
	execute(b, database, `ALTER SYSTEM SET fsync = on`, `ALTER SYSTEM SET full_page_writes = on`, `SELECT pg_reload_conf()`)
	testkit.Eventually(b, "the server writes through", func() bool { return ask(b, database, `SHOW fsync`) == "on" })
	return database
}
