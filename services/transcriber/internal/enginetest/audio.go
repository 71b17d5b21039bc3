package enginetest

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strconv"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
)

const sampleRate = 16000

// Silence is PCM of zeros.
func Silence(ms int) []byte { return make([]byte, 2*ms*sampleRate/1000) }

// Bursts makes PCM in which the scripted engine hears this many words: noise of
// 200 ms, then 100 ms of silence, or 600 ms after every fifth. Equal seeds give
// equal samples, so equal words.
func Bursts(seed uint64, words int) []byte {
	random := rand.New(rand.NewPCG(seed, 0))
	var pcm []byte
	for i := range words {
		for range sampleRate / 5 {
			sample := int16(8000 + random.IntN(8000))
			if random.IntN(2) == 0 {
				sample = -sample
			}
			pcm = binary.LittleEndian.AppendUint16(pcm, uint16(sample))
		}
		gap := 100
		if i%5 == 4 {
			gap = 600
		}
		pcm = append(pcm, Silence(gap)...)
	}
	return pcm
}

// FirstSentence is the beginning of a sample of testdata/audio, up to the pause
// after its first sentence.
func FirstSentence(t testing.TB, name string) Window {
	t.Helper()
	samples := testkit.Samples(t, "")
	i := slices.IndexFunc(samples, func(s testkit.Sample) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("there is no sample %s", name)
	}
	end := samples[i].Sentences[0].End + 0.3
	var pcm, complaints bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-nostdin", "-v", "error", "-i", samples[i].Path,
		"-t", strconv.FormatFloat(end, 'f', 2, 64), "-ac", "1", "-ar", "16000", "-f", "s16le", "-")
	cmd.Stdout, cmd.Stderr = &pcm, &complaints
	if err := cmd.Run(); err != nil {
		t.Fatalf("decode %s: %v %s; is ffmpeg installed? run: apt-get install ffmpeg", name, err, complaints.String())
	}
	return Window{Language: samples[i].Language, PCM: pcm.Bytes()}
}
