package process

import (
	"errors"
	"math"
	"runtime"
	"testing"
	"time"
)

func TestRead_measuresThisProcess(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Fatal("this test reads /proc: run it on Linux")
	}
	before, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	if before.ResidentBytes < 1<<20 || before.ResidentBytes > 1<<40 {
		t.Errorf("%d bytes resident", before.ResidentBytes)
	}

	after := before
	for x := 1.0; after.CPU == before.CPU; x = math.Sqrt(x + 1) { // work until it shows
		if after, err = Read(); err != nil {
			t.Fatal(err)
		}
	}
	if after.CPU < before.CPU {
		t.Errorf("processor time went from %v to %v", before.CPU, after.CPU)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("1 (go test) S 2 3 4 5 6 7 8 9 10 11 150 50 14 15 16 17 18 19 20 21 256 23"))
	f.Add([]byte("1 (evil) name) S 2 3"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, line []byte) {
		if _, err := parse(line); err != nil && !errors.Is(err, errFormat) {
			t.Errorf("%q: %v", line, err)
		}
	})
}

func TestParse_readsTheFieldsBehindAnyName(t *testing.T) {
	t.Parallel()
	line := []byte("1 (a) b ( c)) S 2 3 4 5 6 7 8 9 10 11 150 50 14 15 16 17 18 19 20 21 2 23 24")
	got, err := parse(line)
	if err != nil || got.CPU != 2*time.Second || got.ResidentBytes == 0 {
		t.Errorf("got %+v, %v; want 2 s", got, err)
	}
}

func TestMeter_looksBackOverItsWindow(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	m := NewMeter(10 * time.Second)
	if got := m.Cores(at(0), time.Hour); got != 0 {
		t.Errorf("without a sample: %g, want 0", got)
	}
	for second := range 60 {
		cpu := time.Duration(second) * time.Second // one core
		if second >= 40 {
			cpu = time.Duration(40+2*(second-40)) * time.Second // two cores
		}
		m.Add(at(second), cpu)
	}
	if got := m.Cores(at(59), 78*time.Second); got != 2 {
		t.Errorf("got %g, want the two cores of the last ten seconds", got)
	}
	if len(m.samples) > 12 {
		t.Errorf("%d samples are kept", len(m.samples))
	}
}
