package bench

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestReport_isATableWhoseNumbersStandBelowEachOther(t *testing.T) {
	t.Parallel()
	var took durations
	for n := range 200 {
		took = append(took, time.Duration(200-n)*time.Millisecond)
	}
	report := Report{Machine: Machine{Processor: "Example 1", Cores: 2}, Sections: []Section{{
		Name: "example", Title: "An example",
		Rows: []Row{latency("waiting", took, "budget 5/40 ms"), value("speed", 2, 0.9512, "ratio", "aim 0.95 or more")},
	}}}

	lines := strings.Split(report.Text(), "\n")

	for _, want := range []string{
		"  waiting                                                     200                 100       198  ms           budget 5/40 ms",
		"  speed                                                         2     0.951                      ratio        aim 0.95 or more",
	} {
		if !strings.Contains(strings.Join(lines, "\n"), want) {
			t.Errorf("got\n%s\nwant in it\n%s", report.Text(), want)
		}
	}
	if lines[0] != "2 cores of Example 1, 0 MiB of memory, , , version " {
		t.Errorf("the machine is %q", lines[0])
	}
}

func TestDurations_takeTheNearestMeasurement(t *testing.T) {
	t.Parallel()
	took := durations{3 * time.Millisecond, time.Millisecond, 2 * time.Millisecond}

	for q, want := range map[float64]float64{0: 1, 0.5: 2, 0.99: 3, 1: 3} {
		if got := took.quantile(q); got != want {
			t.Errorf("quantile %v is %v ms, want %v", q, got, want)
		}
	}
	if got := (durations{}).quantile(0.5); !math.IsNaN(got) {
		t.Errorf("nothing was measured, and yet it is %v", got)
	}
}

func TestParseStat_readsAnyName(t *testing.T) {
	t.Parallel()
	p, err := parseStat("4711 (a) (b c) S 42 4711 4711 0 -1 4194560 1 0 0 0 150 50 30 20 20 0 1 0 5 0 0")
	want := process{pid: 4711, parent: 42, name: "a) (b c", state: "S", own: 2 * time.Second, waited: 500 * time.Millisecond}

	if err != nil || p != want {
		t.Errorf("got %+v, %v, want %+v", p, err, want)
	}
	for _, text := range []string{"", "1 (a", "1 (a) S 1", "x (a) S 42 4711 4711 0 -1 4194560 1 0 0 0 150 50 30 20 20"} {
		if p, err := parseStat(text); err == nil {
			t.Errorf("%q was read as %+v", text, p)
		}
	}
}
