package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// Answers of the server that somebody can change without changing us, by SQLSTATE
// or its first two characters.
var (
	refusedLogin  = []string{"28"}
	noDatabase    = []string{"3D000"}
	unfitTables   = []string{"42P01", "42703", "42501", "3F000"} // missing table, column, right, schema
	passingOutage = []string{
		"08",    // connection
		"53",    // out of connections, memory, disk
		"57",    // shut down, starting, statement cancelled
		"58",    // the server's disk
		"40",    // crossed by other transactions again and again
		"55P03", // a lock is not to be had
		"25P03", // we were too slow
		"25006", // a standby
	}
)

// classify tells an outage, which may pass, from a mistake of ours. No row is no
// error here; callers that need one ask before.
func classify(doing string, err error) error {
	if err == nil || errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	err = fmt.Errorf("%s: %w", doing, err)
	switch {
	case fault.Of(err).Kind != fault.Internal: // a fault already, or its context ended
		return err
	case isOutage(err):
		return unavailable(err)
	default:
		return err
	}
}

func unavailable(err error) error {
	return fault.Wrap(err, fault.Unavailable, "database_unavailable", "The history cannot be reached right now; try again later.")
}

func isOutage(err error) bool {
	if code := stateOf(err); code != "" {
		return in(refusedLogin, code) || in(noDatabase, code) || in(unfitTables, code) || in(passingOutage, code)
	}
	var connecting *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connecting) || errors.As(err, &network) || errors.Is(err, errPasswordFile) ||
		errors.Is(err, errRaced) || errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// restarting reports whether nothing has been done because the server is going down
// or coming up, or is not there.
func restarting(err error) bool {
	if code := stateOf(err); code != "" {
		return in([]string{"57P01", "57P02", "57P03"}, code)
	}
	var connecting *pgconn.ConnectError
	return errors.As(err, &connecting) && !errors.Is(err, errPasswordFile)
}

// explain says what an operator should look at. The error stays the cause.
func explain(err error) error {
	code := stateOf(err)
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, errPasswordFile):
		return fault.Wrap(err, fault.Unavailable, "database_login",
			"The password file of the database cannot be read; see history.store-password-file.")
	case in(refusedLogin, code):
		return fault.Wrap(err, fault.Unavailable, "database_login",
			"The database refuses the login; see history.store-url and history.store-password-file.")
	case in(noDatabase, code):
		return fault.Wrap(err, fault.Unavailable, "database_missing", "The server has no such database; see history.store-url.")
	case errors.Is(err, errVersion) || in(unfitTables, code):
		return fault.Wrap(err, fault.Unavailable, "database_tables",
			"The tables are missing or out of date, or their use is not allowed; run: stenomesh migrate.")
	default:
		return unavailable(err)
	}
}

// stateOf returns the SQLSTATE that the server has answered, or "".
func stateOf(err error) string {
	var answered *pgconn.PgError
	if errors.As(err, &answered) {
		return answered.Code
	}
	return ""
}

func in(states []string, code string) bool {
	return slices.Contains(states, code) || len(code) == 5 && slices.Contains(states, code[:2])
}
