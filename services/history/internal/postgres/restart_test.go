package postgres_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/stenomesh/stenomesh/services/history/internal/postgres"
)

func TestRestarting_isWhatTheServerSaysWhenItGoesAndComes(t *testing.T) {
	t.Parallel()
	_, nobody := pgconn.Connect(t.Context(), "postgres://nobody@127.0.0.1:1/none?sslmode=disable")
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"stopped by an operator":    {&pgconn.PgError{Code: "57P01"}, true},
		"starting":                  {fmt.Errorf("begin: %w", &pgconn.PgError{Code: "57P03"}), true},
		"nobody listens":            {nobody, true},
		"the caller's query":        {&pgconn.PgError{Code: "57014"}, false}, // cancelled
		"wrong password":            {&pgconn.PgError{Code: "28P01"}, false},
		"may have been carried out": {io.ErrUnexpectedEOF, false},
		"caller has left":           {context.Canceled, false},
	} {
		if got := postgres.Restarting(c.err); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
