package transcriber_test

import (
	"slices"
	"testing"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
)

// piece is a chunk with its samples and what the scripted engine hears in it.
type piece struct {
	chunk *jobv1.Chunk
	pcm   []byte
	words []heard
}

// heard is a word and when it is said, in milliseconds of the recording.
type heard struct {
	text       string
	start, end int64
}

// speak begins a chunk at this millisecond of a recording.
func speak(startMs int64) *piece {
	return &piece{chunk: &jobv1.Chunk{StartMs: startMs, EndMs: startMs}}
}

// say adds words that the scripted engine knows by seed.
func (p *piece) say(t testing.TB, seed uint64, words int) *piece {
	t.Helper()
	pcm := enginetest.Bursts(seed, words)
	at := p.chunk.GetEndMs()
	for _, w := range listen(t, pcm) {
		p.words = append(p.words, heard{w.GetText(), at + w.GetStartMs(), at + w.GetEndMs()})
	}
	end := p.words[len(p.words)-1].end
	p.chunk.Speech = append(p.chunk.Speech, &jobv1.Span{StartMs: at, EndMs: end})
	p.pcm = append(p.pcm, pcm...)
	p.chunk.EndMs += int64(len(pcm) / 32)
	return p
}

// pause adds silence.
func (p *piece) pause(ms int) *piece {
	p.pcm = append(p.pcm, enginetest.Silence(ms)...)
	p.chunk.EndMs += int64(ms)
	return p
}

// listen has the scripted engine tell the words of a window, without any
// transcriber.
func listen(t testing.TB, pcm []byte) []*enginev1.Word {
	t.Helper()
	process, err := engine.Start(t.Context(), engine.Config{
		Binary: enginetest.Scripted(t), Model: enginetest.ScriptedModel(t, ""), Slots: 1, Threads: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = process.Close() }()
	answer, err := process.Transcribe(t.Context(), &enginev1.TranscribeRequest{Pcm: pcm, Language: "en"})
	if err != nil {
		t.Fatal(err)
	}
	var words []*enginev1.Word
	for _, s := range answer.GetSegments() {
		words = append(words, s.GetWords()...)
	}
	return words
}

// check compares a transcript with what was said.
func (p *piece) check(t testing.TB, said *jobv1.Transcript) {
	t.Helper()
	var got []heard
	for _, s := range said.GetSegments() {
		for _, w := range s.GetWords() {
			got = append(got, heard{w.GetText(), w.GetStartMs(), w.GetEndMs()})
		}
	}
	if !slices.Equal(got, p.words) {
		t.Errorf("heard %v\nwant  %v", got, p.words)
	}
}
