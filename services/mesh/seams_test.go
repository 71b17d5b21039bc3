package mesh_test

import (
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// Two minutes over low noise with no pause above a tenth of a second: there is
// nothing to cut in, so all chunks and windows overlap. The scripted engine hears
// every word the same wherever it stands, so that the joins can be checked to the
// word: none is lost, none is doubled, all are where they were said.
func TestSeams_loseAndDoubleNoWord(t *testing.T) {
	t.Parallel()
	m := meshtest.InProcess(t, "-transcriber.engine", testkit.Binary(t, "scripted-engine"))
	said := meshtest.Babble(t, 130, 9)
	plans := meshtest.Plans(t, m)

	heard := meshtest.Transcribe(t, m.Client(t), said.Path, "en").Heard()

	wantOverlaps(t, <-plans)
	if len(heard) != len(said.Words) {
		t.Errorf("%d words were heard, want %d", len(heard), len(said.Words))
	}
	names := map[int]string{} // what the engine calls each sound
	for i, word := range said.Words[:min(len(said.Words), len(heard))] {
		name := meshtest.Plain(heard[i].Word)
		if first, known := names[word.Sound]; known && first != name {
			t.Fatalf("word %d is %q, want %q as before", i, name, first)
		}
		names[word.Sound] = name
		if off := heard[i].Start - word.Start; off < -0.02 || off > 0.02 {
			t.Fatalf("word %d is at %.3f s, want %.3f", i, heard[i].Start, word.Start)
		}
	}
	if len(names) < meshtest.Sounds {
		t.Errorf("only %d different words were heard, want %d", len(names), meshtest.Sounds)
	}
}

// wantOverlaps checks that a recording was cut, and nowhere in a silence.
func wantOverlaps(t *testing.T, plan *jobv1.Plan) {
	t.Helper()
	if len(plan.GetChunks()) < 4 {
		t.Errorf("%d chunks, want at least 4", len(plan.GetChunks()))
	}
	for _, chunk := range plan.GetChunks()[1:] {
		if chunk.GetOverlapMs() == 0 {
			t.Errorf("chunk %d begins in a silence; the test wants an overlap", chunk.GetNumber())
		}
	}
}
