//go:build scale

// Package scale_test measures what replicas are worth, on a mesh of many real
// processes as compose runs them: a NATS server that syncs every write, PostgreSQL,
// Redis, and more and more transcribers. `make scale` runs it with programs as
// operators have them, without the race detector, and it prints tables for
// docs/results.md.
package scale_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/bench"
)

// show prints a table, with the machine that it is of.
func show(t *testing.T, title string, rows []bench.Row) {
	t.Helper()
	machine, err := bench.ReadMachine(context.WithoutCancel(t.Context()), testkit.Binary(t, "stenomesh"))
	if err != nil {
		t.Fatal(err)
	}
	report := bench.Report{Machine: machine, Sections: []bench.Section{{Name: t.Name(), Title: title, Rows: rows}}}
	fmt.Printf("\n%s\n", report.Text())
}

// row is one figure that was measured once.
func row(figure string, value float64, unit, against string) bench.Row {
	return bench.Row{Figure: figure, N: 1, Value: &value, Unit: unit, Against: against}
}

// setting is a number that the environment may give.
func setting(t *testing.T, name string, usual float64) float64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || value <= 0 {
		t.Fatalf("%s: %q is no number above zero", name, text)
	}
	return value
}
