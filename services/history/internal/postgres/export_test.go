package postgres

import (
	"context"
	"log/slog"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// OpenHearing migrates and opens a store, and passes the server's notices to hear,
// from several goroutines at once.
func OpenHearing(ctx context.Context, cfg Config, log *slog.Logger, hear func(message string)) (*Store, error) {
	config, err := hearing(cfg, hear)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, config); err != nil {
		return nil, err
	}
	return open(ctx, cfg, config, log)
}

func hearing(cfg Config, hear func(message string)) (*pgxpool.Config, error) {
	config, err := poolConfig(cfg)
	if err != nil {
		return nil, err
	}
	config.ConnConfig.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) { hear(notice.Message) }
	return config, nil
}

// Setting returns a setting of the store's connections.
func (s *Store) Setting(ctx context.Context, name string) (value string, err error) {
	err = s.pool.QueryRow(ctx, `SELECT current_setting($1)`, name).Scan(&value)
	return value, err
}

// Restarting is restarting.
func Restarting(err error) bool { return restarting(err) }
