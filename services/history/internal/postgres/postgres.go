// Package postgres keeps the history in PostgreSQL, for a mesh of many processes.
// Several of them may record and read side by side. It keeps the same tables and
// promises as package sqlite; both pass the suite in storetest.
//
// A database that is away does not keep the service from starting: Store prepares
// it (connects, brings its tables up to date) as soon as it can, and every call says
// Unavailable until then.
package postgres

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/outage"
)

const (
	// callTime bounds every call, so that none hangs on a network that swallows its
	// packets. It is longer than the server's own limit (see runtimeSettings).
	callTime = 45 * time.Second
	// openPatience is how long Open waits for what the first try comes to.
	openPatience = 5 * time.Second
	// restartTime is how long calls wait for a database that has just gone. Callers of
	// the service wait a little longer than that (package rpc).
	restartTime = 4 * time.Second
	// conflicts is how often a transaction is tried that others cross.
	conflicts = 10
)

// Config says which database to use.
type Config struct {
	URL          string // postgres://user@host/database, with the options that libpq takes
	PasswordFile string // read for each connection; empty: the password of the URL, or none
	Pool         int    // connections at most
	Migrate      bool   // bring the tables up to date; else wait until somebody has
}

// Store is the database. It is safe for use by several goroutines.
type Store struct {
	pool        *pgxpool.Pool
	preparation *preparation
	hold        *outage.Hold
}

// Open connects and brings the tables up to date. Where that does not succeed at
// once it is tried on, until it does or Close is called. An error is about cfg.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*Store, error) {
	config, err := poolConfig(cfg)
	if err != nil {
		return nil, err
	}
	return open(ctx, cfg, config, log)
}

func open(ctx context.Context, cfg Config, config *pgxpool.Config, log *slog.Logger) (*Store, error) {
	// The pool outlives ctx, which is that of the start; Close ends it.
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), config)
	if err != nil {
		return nil, errURL
	}
	s := &Store{pool: pool, preparation: newPreparation(log), hold: &outage.Hold{Limit: restartTime}}
	s.preparation.start(func(ctx context.Context) error {
		if cfg.Migrate {
			return migrate(ctx, config)
		}
		return s.checkVersion(ctx)
	})
	s.preparation.wait(ctx, openPatience)
	return s, nil
}

const selectOneCounter = `
SELECT 1
FROM user_counters
LIMIT 1`

// Check proves that the database answers and has its tables. The fault says what
// an operator should look at.
func (s *Store) Check(ctx context.Context) error {
	if err := s.preparation.check(); err != nil && ctx.Err() == nil {
		return explain(err)
	}
	err := s.once(ctx, "check database", func(ctx context.Context) error {
		var one int
		return s.pool.QueryRow(ctx, selectOneCounter).Scan(&one)
	})
	if fault.Is(err, fault.Unavailable) {
		return explain(err)
	}
	return err
}

// Close ends the connections, after the calls that use them.
func (s *Store) Close() error {
	s.preparation.stop()
	s.pool.Close()
	return nil
}

// call runs work on a prepared database, and again while that is being started, and
// classifies its error; no row is none.
func (s *Store) call(ctx context.Context, doing string, work func(ctx context.Context) error) error {
	return s.once(ctx, doing, func(ctx context.Context) error {
		return s.hold.Do(ctx, restarting, func() error { return work(ctx) })
	})
}

// once is call without patience.
func (s *Store) once(ctx context.Context, doing string, work func(ctx context.Context) error) error {
	if ctx.Err() != nil {
		return classify(doing, ctx.Err())
	}
	if err := s.preparation.check(); err != nil {
		return unavailable(err)
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return classify(doing, work(ctx))
}

// write runs work in a transaction, and again when another one crosses it.
func (s *Store) write(ctx context.Context, doing string, work func(ctx context.Context, tx pgx.Tx) error) error {
	// A statement must see what the one that it waited for has committed.
	options := pgx.TxOptions{IsoLevel: pgx.ReadCommitted}
	return s.call(ctx, doing, func(ctx context.Context) (err error) {
		for range conflicts {
			if err = s.inTx(ctx, options, work); !crossed(err) {
				return err
			}
		}
		return err
	})
}

func (s *Store) inTx(ctx context.Context, options pgx.TxOptions, work func(ctx context.Context, tx pgx.Tx) error) error {
	tx, err := s.pool.BeginTx(ctx, options)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }() // after a commit it does nothing; a connection that breaks is dropped
	if err := work(ctx, tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// errRaced is returned when another transaction has made a row that was missing.
var errRaced = errors.New("another transaction was faster")

// crossed reports whether trying again is the answer: a row that appeared, a
// deadlock, a serialization failure.
func crossed(err error) bool {
	var answered *pgconn.PgError
	return errors.Is(err, errRaced) || errors.As(err, &answered) && (answered.Code == "40001" || answered.Code == "40P01")
}
