package secrets_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/rpc"
	"github.com/stenomesh/stenomesh/services/mesh/internal/secrets"
)

func TestMake_keepsWhatIsThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	made, err := secrets.Make(dir)
	if err != nil || made == 0 {
		t.Fatalf("%d made, %v", made, err)
	}
	before := contents(t, dir)

	again, err := secrets.Make(dir)

	if err != nil || again != 0 {
		t.Errorf("%d made the second time, %v", again, err)
	}
	for path, text := range contents(t, dir) {
		if before[path] != text {
			t.Errorf("%s has changed", path)
		}
	}
}

func TestMake_tellsServersOnlyHashes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := secrets.Make(dir); err != nil {
		t.Fatal(err)
	}
	files := contents(t, dir)
	token := strings.TrimSpace(files["gateway/token"])

	for _, server := range []string{"history", "cache", "metrics"} {
		callers := files[server+"/callers"]
		if !strings.Contains(callers, "gateway "+rpc.TokenHash(token)) || strings.Contains(callers, token) {
			t.Errorf("%s knows its callers as %q", server, callers)
		}
	}
	seed := strings.TrimSpace(files["gateway/bus.seed"])
	if accounts := files["nats/accounts.conf"]; strings.Contains(accounts, seed) || !strings.Contains(accounts, "nkey: U") {
		t.Error("the bus is told something else than public keys")
	}
	if files["postgres/password"] != files["history/postgres-password"] ||
		!strings.Contains(files["redis/redis.conf"], strings.TrimSpace(files["cache/redis-password"])) {
		t.Error("a database and its service do not have the same password")
	}
}

func TestMake_refusesAKeyThatIsNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "gateway"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "gateway", "bus.seed"), []byte("SECRETBUTWRONG"), 0o600); err != nil {
		t.Fatal(err)
	}

	_, err := secrets.Make(dir)

	if err == nil || !strings.Contains(err.Error(), "gateway/bus.seed") || strings.Contains(err.Error(), "SECRETBUTWRONG") {
		t.Errorf("got %v", err)
	}
}

// contents reads all files below a folder, and checks that the rest of the machine
// cannot read ours.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path) // it lies below
		foreign := strings.HasPrefix(name, "nats/") || strings.HasPrefix(name, "postgres/") ||
			strings.HasPrefix(name, "redis/") || strings.HasPrefix(name, "grafana/")
		if !foreign && info.Mode().Perm() != 0o400 {
			t.Errorf("%s has the rights %v", name, info.Mode())
		}
		text, err := os.ReadFile(path)
		files[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
