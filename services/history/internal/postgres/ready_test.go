package postgres_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/history/internal/postgres"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

func TestOpen_startsWithoutTheDatabaseAndGetsReadyWithIt(t *testing.T) {
	t.Parallel()
	server := testkit.PostgresServer(t)
	cfg := postgres.Config{URL: server.Database(t), Pool: 2, Migrate: true}
	server.Stop(t)
	log := &journal{}
	store := openWith(t, cfg, log)

	checkErr := store.Check(t.Context())
	recordErr := store.Record(t.Context(), []record.Change{queued("a", 1)})
	server.Start(t)

	for doing, err := range map[string]error{"check": checkErr, "record": recordErr} {
		if got := fault.Of(err); got == nil || got.Code != "database_unavailable" {
			t.Errorf("%s: got %v", doing, err)
		}
	}
	testkit.Eventually(t, "the database is ready", func() bool { return store.Check(t.Context()) == nil })
	if err := store.Record(t.Context(), []record.Change{queued("a", 1)}); err != nil {
		t.Error(err)
	}
	for _, words := range []string{"database is not ready, trying on", "database is ready"} {
		if !log.has(words) {
			t.Errorf("the log does not say that the %s: %s", words, log)
		}
	}
}

func TestCheck_saysWhatAnOperatorShouldLookAt(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	execute(t, database, `DO $$ BEGIN CREATE ROLE guarded LOGIN PASSWORD 'right-secret'; EXCEPTION WHEN duplicate_object THEN END $$`)
	guarded := strings.Replace(database, "user="+testkit.PostgresUser, "user=guarded", 1)
	wrong := secretFile(t, "wrong-secret\n")
	cases := map[string]struct {
		cfg  postgres.Config
		code string
	}{
		"wrong password":         {postgres.Config{URL: guarded, PasswordFile: wrong}, "database_login"},
		"wrong password in URL":  {postgres.Config{URL: guarded + "&password=wrong-secret"}, "database_login"},
		"no password":            {postgres.Config{URL: guarded}, "database_login"},
		"password file is away":  {postgres.Config{URL: guarded, PasswordFile: wrong + ".away"}, "database_login"},
		"no such user":           {postgres.Config{URL: guarded + "&user=stranger", PasswordFile: wrong}, "database_login"},
		"no such database":       {postgres.Config{URL: database + "&dbname=nowhere"}, "database_missing"},
		"nothing migrated":       {postgres.Config{URL: database}, "database_tables"},
		"no right to make table": {postgres.Config{URL: guarded, PasswordFile: secretFile(t, "right-secret"), Migrate: true}, "database_tables"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			log := &journal{}
			c.cfg.Pool = 2
			store := openWith(t, c.cfg, log)

			testkit.Eventually(t, "check and log say "+c.code, func() bool {
				got := fault.Of(store.Check(t.Context()))
				return got != nil && got.Kind == fault.Unavailable && got.Code == c.code && log.has(c.code)
			})
			_, err := store.UserByName(t.Context(), "ann")
			if got := fault.Of(err); got == nil || got.Code != "database_unavailable" {
				t.Errorf("a user is told %v", err)
			}
			if strings.Contains(log.String()+err.Error(), "secret\n") || strings.Contains(log.String()+err.Error(), "-secret") {
				t.Errorf("a password is shown: %s", log)
			}
		})
	}
}

func TestOpen_takesThePasswordFromItsFile(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	_ = open(t, database)
	execute(t, database, `CREATE ROLE keeper LOGIN SUPERUSER PASSWORD 'first secret'`)
	t.Cleanup(func() { execute(t, database, `DROP ROLE keeper`) })
	file := secretFile(t, "first secret\n")
	cfg := postgres.Config{URL: strings.Replace(database, "user="+testkit.PostgresUser, "user=keeper", 1), PasswordFile: file, Pool: 1}
	store := openWith(t, cfg, &journal{})
	if err := store.Check(t.Context()); err != nil {
		t.Fatal(err)
	}

	execute(t, database, `ALTER ROLE keeper PASSWORD 'second secret'`)
	if err := os.WriteFile(file, []byte("second secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	execute(t, database, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'keeper'`)

	testkit.Eventually(t, "new connections use the new password", func() bool { return store.Check(t.Context()) == nil })
}

func TestOpen_refusesSettingsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, cfg := range []postgres.Config{
		{URL: "postgres://ann:se cret@[host/db", Pool: 1},
		{URL: "postgres://ann:secret@host:nan/db", Pool: 1},
		{URL: "postgres://ann:secret@host/db?sslmode=secret", Pool: 1},
		{URL: "postgres://host/db", Pool: -1},
	} {
		_, err := postgres.Open(t.Context(), cfg, testkit.Log(t))
		if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "cret") {
			t.Errorf("%s: got %v; want invalid, without the password", cfg.URL, err)
		}
	}
}

func TestOpen_limitsWhatAConnectionMayHoldUp(t *testing.T) {
	t.Parallel()
	database := testkit.Postgres(t)
	usual, other := open(t, database), open(t, database+"&statement_timeout=7s")
	for setting, want := range map[string]string{"statement_timeout": "30s", "idle_in_transaction_session_timeout": "15s",
		"application_name": "stenomesh-history"} {
		if got, err := usual.Setting(t.Context(), setting); got != want {
			t.Errorf("%s is %q, %v; want %q", setting, got, err, want)
		}
	}
	if got, err := other.Setting(t.Context(), "statement_timeout"); got != "7s" {
		t.Errorf("the URL says 7s, and it is %q, %v", got, err)
	}
}

func openWith(t *testing.T, cfg postgres.Config, log *journal) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), cfg, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func secretFile(t *testing.T, secret string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// journal is a log that tests read.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) has(words string) bool { return strings.Contains(j.String(), words) }
