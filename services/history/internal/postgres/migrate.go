package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// migrations are numbered as SQLite's and only ever add: the code of the version
// before must run on the tables of this one, while replicas are replaced.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is held while tables change. It is any number that nobody else uses.
const migrationLock = 0x7374656e6f

// errVersion is returned when the tables are older than this build needs.
var errVersion = errors.New("tables are not up to date")

// Migrate brings the tables up to date and says what stands in the way.
func Migrate(ctx context.Context, cfg Config) error {
	config, err := poolConfig(cfg)
	if err != nil {
		return err
	}
	if err := migrate(ctx, config); err != nil {
		return explain(err)
	}
	return nil
}

// migrate runs what is missing. Replicas that start at once do so one after
// another; tables that are newer than this build are left alone.
func migrate(ctx context.Context, config *pgxpool.Config) (err error) {
	connection := config.ConnConfig.Copy()
	connection.RuntimeParams["statement_timeout"] = "0" // an index over years of jobs takes its time
	connection.RuntimeParams["idle_in_transaction_session_timeout"] = "0"
	var options []stdlib.OptionOpenDB
	if config.BeforeConnect != nil {
		options = append(options, stdlib.OptionBeforeConnect(config.BeforeConnect))
	}
	db := stdlib.OpenDB(*connection, options...)
	defer func() { err = errors.Join(err, db.Close()) }()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(advisoryLock{}))
	if err != nil {
		return err
	}
	if _, err = provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	return nil
}

// advisoryLock lets one connection migrate at a time. The server frees it when the
// connection ends.
type advisoryLock struct{}

// SessionLock waits for the lock.
func (advisoryLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, int64(migrationLock))
	return err
}

// SessionUnlock frees it.
func (advisoryLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, `SELECT pg_advisory_unlock($1)`, int64(migrationLock))
	return err
}

const selectVersion = `
SELECT COALESCE(MAX(version_id), 0)
FROM goose_db_version
WHERE is_applied`

// checkVersion leaves the tables alone and says whether they are those of this
// build or newer.
func (s *Store) checkVersion(ctx context.Context) error {
	wanted, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	newest, err := goose.NumericComponent(wanted[len(wanted)-1])
	if err != nil {
		return err
	}
	var found int64
	if err := s.pool.QueryRow(ctx, selectVersion).Scan(&found); err != nil {
		return fmt.Errorf("read version of the tables: %w", err)
	}
	if found < newest {
		return fmt.Errorf("%w: they have version %d, this build needs %d", errVersion, found, newest)
	}
	return nil
}
