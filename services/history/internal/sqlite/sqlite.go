// Package sqlite keeps the history in one SQLite file, for a mesh that runs as
// one process. Writes go through one connection, reads through a few others
// that do not wait for it (WAL); a commit is on disk when it returns.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

const (
	readers     = 4
	busyTimeout = 5 * time.Second // another process has the file: a backup, a shell
)

// Store is the database. It is safe for use by several goroutines.
type Store struct {
	writer *sql.DB
	reader *sql.DB
}

// Open opens the file, making it and its folder if they are missing, and brings
// its tables up to date. The file holds transcripts: only its owner may read it.
func Open(ctx context.Context, path string) (*Store, error) {
	path, err := prepareFile(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	writer, err := connect(path, 1, url.Values{"_txlock": {"immediate"}})
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	if err := migrate(ctx, writer); err != nil {
		return nil, errors.Join(fmt.Errorf("migrate database %s: %w", path, err), writer.Close())
	}
	reader, err := connect(path, readers, url.Values{"_query_only": {"on"}})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), writer.Close())
	}
	return &Store{writer: writer, reader: reader}, nil
}

// Check proves that the file can be read.
func (s *Store) Check(ctx context.Context) error {
	var one int
	return classify("check database", s.reader.QueryRowContext(ctx, `SELECT 1 FROM user_counters LIMIT 1`).Scan(&one))
}

// Close closes the file.
func (s *Store) Close() error {
	return errors.Join(s.reader.Close(), s.writer.Close())
}

// prepareFile makes the file and returns its absolute path.
func prepareFile(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite gives its side files the same rights
	if err != nil {
		return "", err
	}
	return path, file.Close()
}

// connect opens a pool. A transaction of the writer takes the write lock when
// it begins ("immediate"), so it cannot lose what it read to another process.
func connect(path string, connections int, extra url.Values) (*sql.DB, error) {
	settings := url.Values{
		"_busy_timeout": {strconv.FormatInt(busyTimeout.Milliseconds(), 10)},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		"_foreign_keys": {"on"},
	}
	maps.Copy(settings, extra)
	name := url.URL{Scheme: "file", Path: path, RawQuery: settings.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// inTx runs work in one write transaction.
func (s *Store) inTx(ctx context.Context, work func(tx *sql.Tx) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if err := work(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// classify tells an outage, which may pass, from a mistake of ours. No row is
// no error here; callers that need one ask before.
func classify(doing string, err error) error {
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	err = fmt.Errorf("%s: %w", doing, err)
	var answered *sqlite.Error
	if !errors.As(err, &answered) {
		return err
	}
	switch answered.Code() & 0xff { // the rest of the number is detail
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT:
		return fault.Wrap(err, fault.Unavailable, "database_unavailable", "The history cannot be reached right now; try again later.")
	default:
		return err
	}
}
