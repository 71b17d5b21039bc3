package history

import (
	"context"
	"flag"
	"log/slog"
	"strings"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/history/internal/postgres"
	"github.com/stenomesh/stenomesh/services/history/internal/sqlite"
)

// defaultPool is enough for a replica that records and answers pages.
const defaultPool = 10

// errStoreURL is returned for a database of no kind that we know. It does not
// repeat the URL, which may hold a password.
var errStoreURL = fault.New(fault.Invalid, "invalid_store_url",
	"history.store-url must be of the form sqlite:<path> or postgres://<user>@<host>/<database>.")

// Config is what an operator may set. All but StoreURL is about PostgreSQL only: a
// SQLite file belongs to one process, which migrates it.
type Config struct {
	StoreURL          string // "sqlite:<path>", "postgres://…" or "postgresql://…"
	StorePasswordFile string // read for each connection; empty: the password of StoreURL, or none
	Pool              int    // connections of a replica at most; 0 for the default
	Migrate           bool   // bring the tables up to date at the start
}

// DefaultConfig keeps the history in ./var.
func DefaultConfig() Config {
	return Config{StoreURL: "sqlite:var/history.db", Pool: defaultPool, Migrate: true}
}

// RegisterFlags declares the settings as flags.
func (c *Config) RegisterFlags(flags *flag.FlagSet) {
	flags.StringVar(&c.StoreURL, "history.store-url", c.StoreURL,
		"database of the history: sqlite:<path>, or postgres://<user>@<host>/<database>")
	flags.StringVar(&c.StorePasswordFile, "history.store-password-file", c.StorePasswordFile,
		"file with the password of the PostgreSQL user; read for each connection, so that it may change")
	flags.IntVar(&c.Pool, "history.pool", c.Pool, "connections to PostgreSQL at most, for each replica")
	flags.BoolVar(&c.Migrate, "history.migrate", c.Migrate,
		"bring the tables in PostgreSQL up to date at the start; false: wait until 'stenomesh migrate' has")
}

// Migrate brings the tables of the database up to date and returns. The error says
// what stands in the way: the settings (Invalid), or the database (Unavailable).
func Migrate(ctx context.Context, cfg Config) error {
	if cfg.onPostgres() {
		return postgres.Migrate(ctx, cfg.postgres())
	}
	store, err := openStore(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	return store.Close()
}

func openStore(ctx context.Context, cfg Config, log *slog.Logger) (Store, error) {
	if cfg.onPostgres() {
		return postgres.Open(ctx, cfg.postgres(), log)
	}
	path, ok := strings.CutPrefix(cfg.StoreURL, "sqlite:")
	if !ok || path == "" {
		return nil, errStoreURL
	}
	return sqlite.Open(ctx, path)
}

func (c Config) onPostgres() bool {
	return strings.HasPrefix(c.StoreURL, "postgres://") || strings.HasPrefix(c.StoreURL, "postgresql://")
}

func (c Config) postgres() postgres.Config {
	pool := c.Pool
	if pool == 0 {
		pool = defaultPool
	}
	return postgres.Config{URL: c.StoreURL, PasswordFile: c.StorePasswordFile, Pool: pool, Migrate: c.Migrate}
}
