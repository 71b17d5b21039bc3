package chaos

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// tally is what came of all cases of this test process.
var tally struct {
	mu     sync.Mutex
	passed map[string]bool // by case
	whole  Report
}

// Case counts a test as one that hurts a mesh, and these faults with it. Trials and
// batches count theirs by themselves.
func Case(t testing.TB, kinds ...string) {
	t.Helper()
	faults := map[string]int{}
	for _, kind := range kinds {
		faults[kind]++
	}
	add(Report{Faults: faults})
	mark := func(passed bool) (known bool) {
		tally.mu.Lock()
		defer tally.mu.Unlock()
		if tally.passed == nil {
			tally.passed = map[string]bool{}
		}
		_, known = tally.passed[t.Name()]
		tally.passed[t.Name()] = passed
		return known
	}
	if !mark(false) {
		t.Cleanup(func() { mark(!t.Failed()) })
	}
}

// add counts what came of a run.
func add(r Report) {
	tally.mu.Lock()
	defer tally.mu.Unlock()
	if tally.whole.Faults == nil {
		tally.whole.Faults = map[string]int{}
	}
	for kind, times := range r.Faults {
		tally.whole.Faults[kind] += times
	}
	tally.whole.Accepted += r.Accepted
	tally.whole.Completed += r.Completed
	tally.whole.Again.CutOff += r.Again.CutOff
	tally.whole.Again.GivenBack += r.Again.GivenBack
	tally.whole.Hit += r.Hit
	tally.whole.Unanswered += r.Unanswered
	tally.whole.Waited += r.Waited
	tally.whole.Wrong = append(tally.whole.Wrong, r.Wrong...)
}

// WriteTally tells what came of all cases until now: the cases, the faults by kind,
// what was done again, and what was lost. With a path it is kept in that file too.
func WriteTally(out io.Writer, path string) error {
	tally.mu.Lock()
	defer tally.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "%d cases\n", len(tally.passed))
	for _, name := range slices.Sorted(maps.Keys(tally.passed)) {
		word := "passed"
		if !tally.passed[name] {
			word = "FAILED"
		}
		fmt.Fprintf(&b, "  %s  %s\n", word, name)
	}
	b.WriteString(tally.whole.String())
	if path != "" {
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			return fmt.Errorf("keep the report: %w", err)
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}
