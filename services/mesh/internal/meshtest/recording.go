package meshtest

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
)

const sampleRate = 16000

// Recording is a made recording and what is said in it, when.
type Recording struct {
	Path      string
	Language  string
	Seconds   float64
	Sentences []testkit.Sentence // times in the recording
}

// Text is all that is said.
func (r Recording) Text() string {
	texts := make([]string, len(r.Sentences))
	for i, s := range r.Sentences {
		texts[i] = s.Text
	}
	return strings.Join(texts, " ")
}

// Composition says how a recording is made of the sentences of the samples.
type Composition struct {
	Language string
	Samples  []string // names of the samples to take sentences from; empty: all
	Seconds  float64  // at least this long
	// Pause gives the seconds of silence before each sentence.
	Pause func(*rand.Rand) float64
	// NoiseDB is the level of white noise under everything, in dBFS; 0 is none.
	NoiseDB float64
	Seed    uint64
}

// Compose makes the recording: sentences cut out of the samples, in random
// order, with the pauses asked for.
func Compose(t testing.TB, c Composition) Recording {
	t.Helper()
	random := rand.New(rand.NewPCG(c.Seed, 1))
	clips := cutSentences(t, c)
	recording := Recording{Path: filepath.Join(t.TempDir(), "recording.wav"), Language: c.Language}
	var pcm []int16
	for order := []int(nil); float64(len(pcm))/sampleRate < c.Seconds; order = order[1:] {
		if len(order) == 0 {
			order = random.Perm(len(clips))
		}
		clip := clips[order[0]]
		pcm = append(pcm, make([]int16, int(c.Pause(random)*sampleRate))...)
		start := float64(len(pcm)) / sampleRate
		pcm = append(pcm, clip.pcm...)
		recording.Sentences = append(recording.Sentences, testkit.Sentence{
			Start: start, End: float64(len(pcm)) / sampleRate, Text: clip.text,
		})
	}
	pcm = append(pcm, make([]int16, sampleRate/2)...)
	addNoise(random, pcm, c.NoiseDB)
	recording.Seconds = float64(len(pcm)) / sampleRate
	writeWAV(t, recording.Path, pcm)
	return recording
}

// clip is one sentence without the silence around it.
type clip struct {
	text string
	pcm  []int16
}

func cutSentences(t testing.TB, c Composition) []clip {
	t.Helper()
	var clips []clip
	for _, sample := range testkit.Samples(t, c.Language) {
		name, _, _ := strings.Cut(filepath.Base(sample.Path), ".")
		if len(c.Samples) > 0 && !slices.Contains(c.Samples, name) {
			continue
		}
		pcm := decode(t, sample.Path)
		for _, s := range sample.Sentences {
			from, to := int(s.Start*sampleRate), min(int(s.End*sampleRate), len(pcm))
			clips = append(clips, clip{text: s.Text, pcm: pcm[from:to]})
		}
	}
	return clips
}

// decode reads any recording as 16 kHz mono.
func decode(t testing.TB, path string) []int16 {
	t.Helper()
	raw := FFmpeg(t, "-i", path, "-f", "s16le", "-ac", "1", "-ar", "16000", "-")
	pcm := make([]int16, len(raw)/2)
	if err := binary.Read(bytes.NewReader(raw), binary.LittleEndian, pcm); err != nil {
		t.Fatal(err)
	}
	return pcm
}

// FFmpeg runs ffmpeg and returns what it writes to its standard output.
func FFmpeg(t testing.TB, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ffmpeg", append([]string{"-nostdin", "-v", "error", "-y"}, args...)...)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ffmpeg %v: %v: %s; is it installed? run: make tools", args, err, problems.String())
	}
	return out
}

func addNoise(random *rand.Rand, pcm []int16, db float64) {
	if db == 0 {
		return
	}
	amplitude := math.Pow(10, db/20) * math.MaxInt16
	for i, s := range pcm {
		noisy := float64(s) + random.NormFloat64()*amplitude
		pcm[i] = int16(max(math.MinInt16, min(math.MaxInt16, noisy)))
	}
}

// writeWAV writes 16 kHz mono with the smallest header there is.
func writeWAV(t testing.TB, path string, pcm []int16) {
	t.Helper()
	size := uint32(2 * len(pcm))
	header := []any{
		[]byte("RIFF"), 36 + size, []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1),
		uint32(sampleRate), uint32(2 * sampleRate), uint16(2), uint16(16), []byte("data"), size, pcm,
	}
	var out bytes.Buffer
	for _, part := range header {
		if err := binary.Write(&out, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Pauses of 0.3 to 8 s, most of them short as in speech.
func Pauses(r *rand.Rand) float64 {
	if r.IntN(5) == 0 {
		return 2 + 6*r.Float64()
	}
	return 0.3 + 1.2*r.Float64()
}
