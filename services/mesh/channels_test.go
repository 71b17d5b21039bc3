package mesh_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/pkg/transcript"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// turn is who says what in the sample call, and from when on in seconds.
type turn struct {
	speaker, text string
	start         float64
}

func turns(t *testing.T) []turn {
	t.Helper()
	table, err := os.ReadFile(filepath.Join(testkit.Root(t), "testdata", "audio", "stereo-call.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var all []turn
	for _, line := range strings.Split(strings.TrimSpace(string(table)), "\n")[1:] {
		fields := strings.Split(line, "\t")
		start, err := strconv.ParseFloat(fields[3], 64)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, turn{speaker: fields[1], text: fields[5], start: start})
	}
	return all
}

// A call with one speaker a channel comes out as it was spoken: turn by turn, each
// with its speaker and its time.
func TestChannels_tellSpeakersApart(t *testing.T) {
	t.Parallel()
	m := meshtest.InProcess(t)
	call := filepath.Join(testkit.Root(t), "testdata", "audio", "stereo-call.flac")

	result := meshtest.TranscribeChannels(t, m.Client(t), call, "en")

	said := turns(t)
	if len(result.Segments) != len(said) {
		t.Fatalf("%d segments, want a turn each of %d: %+v", len(result.Segments), len(said), result.Segments)
	}
	wrong, words := 0, 0
	for n, want := range said {
		got := result.Segments[n]
		if off := got.Start - want.start; got.Speaker != want.speaker || off < -0.5 || off > 0.5 || len(got.Quality) > 0 {
			t.Errorf("turn %d is %+v, want %+v", n, got, want)
		}
		w, all := transcript.WER(want.text, got.Text)
		wrong, words = wrong+w, words+all
	}
	if 10*wrong > words {
		t.Errorf("%d of %d words are wrong", wrong, words)
	}
	if result.Duration < 37.4 || result.Duration > 37.5 {
		t.Errorf("the recording lasts %v s, want that of one channel", result.Duration)
	}
}
