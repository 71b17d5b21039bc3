package transcriber_test

import (
	"testing"
	"time"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/window"
)

// script makes a window take as long as a fast engine would.
const script = `{"speed": 50}`

// BenchmarkWindows sends the windows of BenchmarkChunks straight to an engine:
// the difference is what the transcriber costs.
func BenchmarkWindows(b *testing.B) {
	p := fullChunk(b)
	process, err := engine.Start(b.Context(), engine.Config{
		Binary: enginetest.Scripted(b), Model: enginetest.ScriptedModel(b, script), Slots: 1, Threads: 1,
	})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = process.Close() }()
	windows := window.Cut(p.chunk, p.pcm, true)
	for b.Loop() {
		for _, w := range windows {
			if _, err := process.Transcribe(b.Context(), &enginev1.TranscribeRequest{Pcm: w.PCM, Language: "en"}); err != nil {
				b.Fatal(err)
			}
		}
	}
	p.report(b)
}

// BenchmarkChunks has a transcriber with one slot work off a queue of chunks.
func BenchmarkChunks(b *testing.B) {
	r := newRig(b)
	enginetest.SetScript(b, r.model("demo"), script)
	p := fullChunk(b)
	chunks := make([]*piece, 1+b.N)
	for n := range chunks {
		again := *p
		again.chunk = &jobv1.Chunk{StartMs: p.chunk.GetStartMs(), EndMs: p.chunk.GetEndMs(), Speech: p.chunk.GetSpeech()}
		chunks[n] = &again
	}
	record := r.accept(b, &jobv1.Options{Language: "en"}, chunks...)
	r.start(b)
	r.queue(b, record, 0)
	r.result(b, record, 0) // the model is loaded now

	b.ResetTimer()
	for n := range b.N {
		r.queue(b, record, uint32(n+1))
	}
	r.result(b, record, uint32(b.N))
	b.StopTimer()
	p.report(b)
}

// fullChunk is a chunk of one full window.
func fullChunk(b *testing.B) *piece { return speak(0).say(b, 1, 75) }

func (p *piece) report(b *testing.B) {
	audio := time.Duration(p.chunk.GetEndMs()) * time.Millisecond * time.Duration(b.N)
	b.ReportMetric(audio.Seconds()/b.Elapsed().Seconds(), "audio_s/s")
}
