package engine

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

func TestRelay_logsLinesAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := &relay{log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))}

	for _, piece := range []string{`{"level":"INFO","ms`, `g":"loaded"}` + "\n\nGGML_ASS", "ERT failed\n", "no end"} {
		if n, err := r.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatalf("Write(%q) = %d, %v", piece, n, err)
		}
	}
	r.flush()

	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	wants := []string{`level=INFO`, `level=WARN msg="engine output" line="GGML_ASSERT failed"`, `line="no end"`}
	if len(lines) != len(wants) {
		t.Fatalf("got %q", lines)
	}
	for i, want := range wants {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %d is %q, want %q in it", i, lines[i], want)
		}
	}
	if r.lastLine() != "no end" {
		t.Errorf("last line is %q", r.lastLine())
	}
}

func TestRelay_cutsEndlessLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := &relay{log: slog.New(slog.NewTextHandler(&out, nil))}

	for range 10 {
		if _, err := r.Write(bytes.Repeat([]byte("x"), maxLine/2)); err != nil {
			t.Fatal(err)
		}
	}

	if cap(r.pending) > 2*maxLine {
		t.Errorf("%d bytes are kept", cap(r.pending))
	}
	if n := strings.Count(out.String(), "engine output"); n != 5 {
		t.Errorf("%d lines were logged, want 5", n)
	}
}

func TestChildEnv_keepsSecretsBack(t *testing.T) {
	t.Parallel()
	parent := []string{"PATH=/bin", "STENOMESH_GATEWAY_TOKEN=secret", "OMP_NUM_THREADS=1", "PGPASSWORD=secret", "LC_ALL=C"}

	got := childEnv(parent)

	if want := []string{"PATH=/bin", "OMP_NUM_THREADS=1", "LC_ALL=C"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
