//go:build chaos

package mesh_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/transcript"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// Many processes with a user each on the bus, PostgreSQL and Redis do what one does.
func TestCluster_transcribes(t *testing.T) {
	t.Parallel()
	recording := meshtest.Compose(t, meshtest.Composition{
		Language: "en", Seconds: 12, Seed: 7, Pause: func(*rand.Rand) float64 { return 0.8 },
	})
	cluster := meshtest.StartCluster(t, meshtest.Layout{Engine: "whisper-engine"})

	result := meshtest.Transcribe(t, cluster.Client(t), recording.Path, "en")

	if errors, words := transcript.WER(recording.Text(), result.Text); errors > words/20 {
		t.Errorf("%d of %d words wrong: %s", errors, words, result.Text)
	}
}
