package testkit_test

import (
	"bufio"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
)

func TestPostgres_givesEachTestItsOwnDatabase(t *testing.T) {
	t.Parallel()
	first, second := testkit.Postgres(t), testkit.Postgres(t)

	sql(t, first, "CREATE TABLE words (word text)")

	if got := sql(t, first, "SELECT count(*) FROM pg_class WHERE relname = 'words'"); got != "1" {
		t.Errorf("first: %s tables", got)
	}
	if got := sql(t, second, "SELECT count(*) FROM pg_class WHERE relname = 'words'"); got != "0" {
		t.Errorf("second: %s tables; it should be empty", got)
	}
}

func TestPostgresServer_comesBackWithWhatWasCommitted(t *testing.T) {
	t.Parallel()
	server := testkit.PostgresServer(t)
	database := server.Database(t)
	sql(t, database, "CREATE TABLE words AS SELECT 'hello' AS word")

	server.Stop(t)
	if output, err := psql(t, database, "SELECT 1"); err == nil {
		t.Errorf("it is stopped and answers %s", output)
	}
	server.Start(t)

	if got := sql(t, database, "SELECT word FROM words"); got != "hello" {
		t.Errorf("got %q", got)
	}
}

// killed makes this test program one that starts a server and waits to be killed.
const killed = "STENOMESH_TESTKIT_KILLED"

func TestPostgres_endsWithAProgramThatIsKilled(t *testing.T) {
	t.Parallel()
	if os.Getenv(killed) != "" {
		fmt.Println("folder " + folderOf(t, testkit.Postgres(t)))
		time.Sleep(testkit.Patience)
		return
	}
	program := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	program.Env = append(os.Environ(), killed+"=1")
	output, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	folder, server := "", ""
	for lines := bufio.NewScanner(output); folder == "" && lines.Scan(); {
		folder = strings.TrimPrefix(lines.Text(), "folder ")
	}
	if body, err := os.ReadFile(filepath.Join(folder, "data", "postmaster.pid")); err == nil {
		server, _, _ = strings.Cut(string(body), "\n")
	}
	if _, err := os.Stat("/proc/" + server); err != nil || server == "" {
		t.Errorf("the server in %q does not run as %q", folder, server)
	}

	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = program.Wait()

	testkit.Eventually(t, "server and folder are gone", func() bool {
		_, process := os.Stat("/proc/" + server)
		_, files := os.Stat(folder)
		return os.IsNotExist(process) && os.IsNotExist(files)
	})
}

func folderOf(t *testing.T, database string) string {
	t.Helper()
	parsed, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Query().Get("host")
}

// sql runs a statement and returns what it prints.
func sql(t *testing.T, database, statement string) string {
	t.Helper()
	output, err := psql(t, database, statement)
	if err != nil {
		t.Fatalf("%s: %v: %s", statement, err, output)
	}
	return output
}

func psql(t *testing.T, database, statement string) (string, error) {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/psql")
	if err != nil || len(found) == 0 {
		found = []string{"psql"}
	}
	output, err := exec.Command(found[len(found)-1], "-XAtq", "-c", statement, database).CombinedOutput()
	return strings.TrimSpace(string(output)), err
}
