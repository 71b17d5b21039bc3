package testkit

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// PostgresUser may do everything on a PostgreSQL of the testkit, and logs in
// without a password. Every other role needs its own.
const PostgresUser = "stenomesh"

// Postgres returns the URL of an empty database of the test's own. Its server is
// private, listens on a unix socket only, and serves all tests of this program; it
// ends with the program, however that ends.
func Postgres(t testing.TB) string {
	t.Helper()
	server, err := sharedPostgres()
	if err != nil {
		t.Fatal(err)
	}
	return server.database(t)
}

// OwnPostgres is a server of one test, which may stop it and start it again.
type OwnPostgres struct{ server *postgres }

// PostgresServer starts a server that ends with the test.
func PostgresServer(t testing.TB) *OwnPostgres {
	t.Helper()
	server, err := newPostgres()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.stop("")
		_ = os.RemoveAll(server.folder) // what the watcher has left of it
	})
	return &OwnPostgres{server}
}

// Database returns the URL of a new, empty database. It stays as long as the
// server.
func (o *OwnPostgres) Database(t testing.TB) string {
	t.Helper()
	url, err := o.server.create()
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// Stop ends the server as a crash would: connections break in the middle of what
// they do. What was committed is there after Start.
func (o *OwnPostgres) Stop(t testing.TB) {
	t.Helper()
	o.server.stop("keep\n")
}

// Start brings a stopped server back on the same URL.
func (o *OwnPostgres) Start(t testing.TB) {
	t.Helper()
	if err := o.server.start(); err != nil {
		t.Fatal(err)
	}
}

var sharedPostgres = sync.OnceValues(newPostgres)

// database returns a new database that goes with the test.
func (p *postgres) database(t testing.TB) string {
	t.Helper()
	url, err := p.create()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.run("dropdb", "-h", p.folder, "-U", PostgresUser, "--force", databaseOf(url)); err != nil {
			t.Error(err)
		}
	})
	return url
}

func (p *postgres) create() (url string, err error) {
	url = fmt.Sprintf("postgres:///test%d?host=%s&user=%s", p.made.Add(1), p.folder, PostgresUser)
	// Copying files takes a third of the time that copying pages does.
	return url, p.run("createdb", "-h", p.folder, "-U", PostgresUser, "--strategy=FILE_COPY", databaseOf(url))
}

func databaseOf(url string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(url, "postgres:///"), "?")
	return name
}
