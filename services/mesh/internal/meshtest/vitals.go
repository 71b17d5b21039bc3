package meshtest

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Vitals are what a process holds on to.
type Vitals struct {
	Goroutines int
	Files      int   // open ones, sockets among them
	HeapBytes  int64 // that were in use after the last collection
}

// String is for people.
func (v Vitals) String() string {
	return fmt.Sprintf("%d goroutines, %d open files, %.1f MB", v.Goroutines, v.Files, float64(v.HeapBytes)/1e6)
}

// Vitals asks the process.
func (p *Program) Vitals(ctx context.Context) (Vitals, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.ops+"/metrics", nil)
	if err != nil {
		return Vitals{}, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return Vitals{}, fmt.Errorf("vitals of %s: %w", p.Name, err)
	}
	defer func() { _ = resp.Body.Close() }()
	figures := map[string]float64{}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if figure, err := strconv.ParseFloat(value, 64); err == nil {
			figures[name] = figure
		}
	}
	return Vitals{
		Goroutines: int(figures["go_goroutines"]), Files: int(figures["process_open_fds"]),
		// The next collection is due when the heap has doubled.
		HeapBytes: int64(figures["go_memstats_next_gc_bytes"] / 2),
	}, lines.Err()
}
