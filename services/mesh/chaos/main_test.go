// Package chaos_test hurts a mesh in every way there is, while users work on it, and
// has an independent checker say what was lost. `make test` runs one schedule of
// chance and a death at each step; everything else has the build tag chaos.
package chaos_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
)

// TestMain tells what came of all cases, and fails the tests if anything still runs
// in this process when they are over.
func TestMain(m *testing.M) {
	code := m.Run()
	if err := chaos.WriteTally(os.Stdout, os.Getenv("STENOMESH_CHAOS_REPORT")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
