package mesh_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// Many processes with a user each on the bus and PostgreSQL do what one does.
func TestCluster_transcribesAsOneProcessDoes(t *testing.T) {
	t.Parallel()
	recording := meshtest.Compose(t, meshtest.Composition{
		Language: "en", Seconds: 12, Seed: 7, Pause: func(*rand.Rand) float64 { return 0.8 },
	})
	alone := meshtest.InProcess(t)
	many := meshtest.StartCluster(t, meshtest.Layout{Engine: "whisper-engine"})

	one := meshtest.Transcribe(t, alone.Client(t), recording.Path, "en")
	other := meshtest.Transcribe(t, many.Client(t), recording.Path, "en")

	if one.Text == "" || one.Text != other.Text {
		t.Errorf("in one process:\n%s\nin many:\n%s", one.Text, other.Text)
	}
}
