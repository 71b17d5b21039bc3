//go:build compose

package compose_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
)

// diary is what was done to the mesh, step after step, and what users saw meanwhile.
type diary struct {
	t      testing.TB
	ledger *chaos.Ledger
	steps  []step
}

type step struct {
	what         string
	began, ended time.Time
}

// answers is what users saw during a step.
type answers struct {
	requests int
	later    int // 503 that said when to come again
	none     int // connections refused or broken off
	wrong    int // other 5xx
}

// failed are requests that did not do what they were for.
func (a answers) failed() int { return a.later + a.none + a.wrong }

// do carries out a step, which ends when the mesh is well again.
func (d *diary) do(kind, name string, work func()) {
	what := kind + " " + name
	d.ledger.Add(chaos.Event{What: chaos.Fault, Note: kind})
	s := step{what: what, began: time.Now()}
	work()
	s.ended = time.Now()
	d.steps = append(d.steps, s)
	d.t.Logf("%s: %v", what, s.ended.Sub(s.began).Round(100*time.Millisecond))
}

// saw tells what users were answered in a step, and until the next began.
func (d *diary) saw(n int) answers {
	until := time.Now()
	if n+1 < len(d.steps) {
		until = d.steps[n+1].began
	}
	var a answers
	for _, e := range d.ledger.Events() {
		if e.What == chaos.Answered && !e.At.Before(d.steps[n].began) && e.At.Before(until) {
			a.count(e)
		}
	}
	return a
}

func (a *answers) count(e chaos.Event) {
	a.requests++
	switch {
	case e.HTTP == 0:
		a.none++
	case e.HTTP == http.StatusServiceUnavailable && e.RetryAfter:
		a.later++
	case e.HTTP >= http.StatusInternalServerError:
		a.wrong++
	}
}

// table is the diary for people.
func (d *diary) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-42s %8s %9s %6s %10s %9s\n", "step", "seconds", "requests", "503", "no answer", "other 5xx")
	for n, s := range d.steps {
		a := d.saw(n)
		fmt.Fprintf(&b, "%-42s %8.1f %9d %6d %10d %9d\n", s.what, s.ended.Sub(s.began).Seconds(), a.requests, a.later, a.none, a.wrong)
	}
	return b.String()
}

// report prints what came of a test and keeps it in a file: bin/reports/NAME.txt, or
// that name in the folder STENOMESH_REPORTS.
func report(t testing.TB, name, text string) {
	t.Helper()
	folder := os.Getenv("STENOMESH_REPORTS")
	if folder == "" {
		folder = filepath.Join(testkit.Root(t), "bin", "reports")
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, name+".txt")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("kept in %s\n%s", path, text)
}
