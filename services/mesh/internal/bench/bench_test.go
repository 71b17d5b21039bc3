package bench_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/bench"
)

// small is a run that shows that everything is measured, not how fast it is.
func small(t *testing.T) bench.Config {
	t.Helper()
	root := testkit.Root(t)
	return bench.Config{
		Server: testkit.Binary(t, "stenomesh"), Engine: testkit.Binary(t, "whisper-engine"),
		Model: filepath.Join(root, "deploy", "models", "ggml-demo-en-ru.bin"), Audio: filepath.Join(root, "testdata", "audio"),
		Progress: t.Output(),
		Sizes: bench.Sizes{
			Rounds: 1, LongSeconds: 5, Files: 1, Latencies: 1, Creates: 3, Hops: 3, Jobs: 200, Reading: 100 * time.Millisecond, Streams: 200,
		},
	}
}

// It is not parallel because it looks for what is left in the temporary folder.
func TestRun_measuresEverySectionAndLeavesNothing(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)

	report, err := bench.Run(t.Context(), small(t))

	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + report.Text())
	names := []string{}
	for _, s := range report.Sections {
		names = append(names, s.Name)
		for _, row := range s.Rows {
			wantFigure(t, row)
		}
	}
	if got := strings.Join(names, ", "); got != bench.SectionNames() {
		t.Errorf("measured %s, want %s", got, bench.SectionNames())
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func wantFigure(t *testing.T, row bench.Row) {
	t.Helper()
	var numbers []float64
	for _, number := range []*float64{row.Value, row.P50, row.P99} {
		if number != nil {
			numbers = append(numbers, *number)
		}
	}
	if row.N == 0 || len(numbers) == 0 || !slices.IsSorted(numbers) || numbers[0] < 0 {
		t.Errorf("%s: %v of %d measurements", row.Figure, numbers, row.N)
	}
}

func TestRun_stopsWhenItIsToldTo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cfg := small(t)
	cfg.Only, cfg.Sizes.Hops = "hop", 1_000_000
	cfg.Progress = writer(func(string) { cancel(os.ErrDeadlineExceeded) })

	_, err := bench.Run(ctx, cfg)

	if err == nil || !strings.Contains(err.Error(), os.ErrDeadlineExceeded.Error()) {
		t.Errorf("ended with %v", err)
	}
}

type writer func(string)

func (w writer) Write(p []byte) (int, error) { w(string(p)); return len(p), nil }

func TestRun_saysWhatIsMissing(t *testing.T) {
	t.Parallel()
	unbuilt, unknown := small(t), small(t)
	unbuilt.Server = filepath.Join(t.TempDir(), "stenomesh")
	unknown.Only = "speed"

	_, unbuiltErr := bench.Run(t.Context(), unbuilt)
	_, unknownErr := bench.Run(t.Context(), unknown)

	if unbuiltErr == nil || !strings.Contains(unbuiltErr.Error(), "make build") {
		t.Errorf("without a server: %v", unbuiltErr)
	}
	if unknownErr == nil || !strings.Contains(unknownErr.Error(), bench.SectionNames()) {
		t.Errorf("unknown section: %v", unknownErr)
	}
}
