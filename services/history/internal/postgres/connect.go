package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

const connectTimeout = 5 * time.Second

var (
	// errURL is returned for a URL that cannot be used. It does not say why: what is
	// wrong may be in the password.
	errURL = fault.New(fault.Invalid, "invalid_store_url",
		"history.store-url is not a usable PostgreSQL URL; it looks like postgres://user@host:5432/database.")

	// errPasswordFile is returned while the password cannot be read.
	errPasswordFile = errors.New("password file cannot be read")
)

// runtimeSettings are those of a connection, unless the URL sets others.
var runtimeSettings = map[string]string{
	"application_name":  "stenomesh-history",
	"statement_timeout": "30s",
	// A process that was stopped in the middle of a transaction must not hold its locks
	// for long: other replicas record the same jobs.
	"idle_in_transaction_session_timeout": "15s",
	// Plans are kept as long as the connection. On tables that are still small the
	// server would plan to read all of them, and go on so while they grow.
	"enable_seqscan": "off",
}

// poolConfig reads the URL. Statements are prepared once a connection.
func poolConfig(cfg Config) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, errURL
	}
	if cfg.Pool < 1 {
		return nil, fault.New(fault.Invalid, "invalid_pool", "history.pool must be at least 1.")
	}
	config.MaxConns = int32(min(cfg.Pool, 1000))
	config.BeforeConnect = passwordOf(cfg.PasswordFile)
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	for name, value := range runtimeSettings {
		if _, given := config.ConnConfig.RuntimeParams[name]; !given {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	return config, nil
}

// passwordOf reads the password before each connection, so that a new one is taken
// without a restart.
func passwordOf(file string) func(context.Context, *pgx.ConnConfig) error {
	if file == "" {
		return nil
	}
	return func(_ context.Context, config *pgx.ConnConfig) error {
		password, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("%w: %w", errPasswordFile, err)
		}
		config.Password = strings.TrimRight(string(password), "\r\n")
		return nil
	}
}
