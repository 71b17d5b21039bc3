package transcriber_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os/exec"
	"slices"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// recording is a chunk made of the sentences of the samples, in an order of
// chance, with pauses of chance between them, over low noise.
type recording struct {
	piece
	random    *rand.Rand
	sentences []spoken
}

// spoken is a sentence and when it begins and ends, in milliseconds.
type spoken struct {
	text       string
	start, end int64
	pcm        []byte
}

// record makes a recording of about this length. pauseMs draws a pause.
func record(t testing.TB, language string, ms int64, pauseMs func(*rand.Rand) int) *recording {
	t.Helper()
	r := &recording{piece: *speak(300_000), random: rand.New(rand.NewPCG(1, 2))}
	known := sentences(t, language)
	for r.chunk.GetEndMs() < 300_000+ms {
		r.pause(pauseMs(r.random))
		r.add(known[r.random.IntN(len(known))])
	}
	r.pause(1_000)
	r.addNoise()
	return r
}

// sentences cuts the samples of a language.
func sentences(t testing.TB, language string) []spoken {
	t.Helper()
	var all []spoken
	for _, sample := range testkit.Samples(t, language) {
		pcm := decode(t, sample.Path)
		for _, s := range sample.Sentences {
			from, to := 32*int64(s.Start*1000), 32*int64(s.End*1000)
			all = append(all, spoken{text: s.Text, pcm: pcm[from:min(to, int64(len(pcm)))]})
		}
	}
	return all
}

// decode turns an audio file into PCM.
func decode(t testing.TB, path string) []byte {
	t.Helper()
	var pcm, complaints bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-nostdin", "-v", "error", "-i", path, "-ac", "1", "-ar", "16000", "-f", "s16le", "-")
	cmd.Stdout, cmd.Stderr = &pcm, &complaints
	if err := cmd.Run(); err != nil {
		t.Fatalf("decode %s: %v %s (is ffmpeg installed? run: make tools)", path, err, complaints.String())
	}
	return pcm.Bytes()
}

func (r *recording) add(s spoken) {
	s.start = r.chunk.GetEndMs()
	s.end = s.start + int64(len(s.pcm)/32)
	r.pcm = append(r.pcm, s.pcm...)
	r.chunk.EndMs = s.end
	r.sentences = append(r.sentences, s)
	speech := &r.chunk.Speech
	if n := len(*speech); n > 0 && s.start-(*speech)[n-1].GetEndMs() < 100 {
		(*speech)[n-1].EndMs = s.end // too short to be told from a pause in a word
		return
	}
	*speech = append(*speech, &jobv1.Span{StartMs: s.start, EndMs: s.end})
}

func (r *recording) addNoise() {
	for i := 0; i < len(r.pcm); i += 2 {
		sample := int(int16(binary.LittleEndian.Uint16(r.pcm[i:]))) + r.random.IntN(21) - 10
		binary.LittleEndian.PutUint16(r.pcm[i:], uint16(max(-1<<15, min(1<<15-1, sample))))
	}
}

func (r *recording) text() string {
	var text string
	for _, s := range r.sentences {
		text += s.text + " "
	}
	return text
}

// checkWords allows two words in a hundred to be wrong. In the samples by
// themselves there is none; this is what cutting and joining may cost.
func (r *recording) checkWords(t testing.TB, said *jobv1.Transcript) {
	t.Helper()
	wrong, words := transcript.WER(r.text(), transcript.Text(said.GetSegments()))
	if 50*wrong > words {
		t.Errorf("%d of %d words are wrong", wrong, words)
	}
}

// checkTimes wants each sentence once, and to begin where it was said.
func (r *recording) checkTimes(t testing.TB, said *jobv1.Transcript) {
	t.Helper()
	if len(said.GetSegments()) != len(r.sentences) {
		t.Fatalf("%d segments, want %d sentences: %v", len(said.GetSegments()), len(r.sentences), said)
	}
	var off []int64
	for n, s := range said.GetSegments() {
		wrong, words := transcript.WER(r.sentences[n].text, s.GetText())
		if 2*wrong > words {
			t.Errorf("sentence %d is %q, want %q", n, s.GetText(), r.sentences[n].text)
		}
		off = append(off, max(s.GetStartMs()-r.sentences[n].start, r.sentences[n].start-s.GetStartMs()))
	}
	slices.Sort(off)
	median, p95 := off[len(off)/2], off[len(off)*95/100]
	if median > 200 || p95 > 500 {
		t.Errorf("starts are off by %d ms (median) and %d ms (p95)", median, p95)
	}
	t.Logf("starts are off by %d ms (median) and %d ms (p95)", median, p95)
}
