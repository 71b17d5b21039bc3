package transcriber_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/segment"
	"github.com/stenomesh/stenomesh/pkg/transcript"
	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/window"
)

func TestZZ(t *testing.T) {
	process, err := engine.Start(t.Context(), engine.Config{Binary: enginetest.Whisper(t), Model: enginetest.DemoModel(t), Slots: 1, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer process.Close()
	for _, lang := range []string{"en", "ru"} {
		for _, kind := range []string{"dense", "pauses"} {
			for _, max := range []int64{10_000, 15_000, 20_000, 30_000} {
				rec := record(t, lang, 60_000, func(r *rand.Rand) int {
					if kind == "dense" {
						return 80
					}
					return int(300 * math.Exp(r.Float64()*math.Log(2000.0/300)))
				})
				rule := segment.WindowRule()
				rule.MaxMs = max
				rule.OverlapMs = min(10_000, max/3)
				var all []*jobv1.Segment
				var ms int64
				ws := window.CutRule(rec.chunk, rec.pcm, rule)
				for _, w := range ws {
					a, err := process.Transcribe(t.Context(), &enginev1.TranscribeRequest{Pcm: w.PCM, Language: lang})
					if err != nil {
						t.Fatal(err)
					}
					ms += a.GetDecodeMs()
					all = transcript.Join(all, w.Segments(a.GetSegments(), lang), w.Overlap)
				}
				e, n := rec.wordErrors(&jobv1.Transcript{Segments: all})
				off, lost := rec.startErrors(&jobv1.Transcript{Segments: all})
				fmt.Fprintln(os.Stderr, lang, kind, "max", max, "windows", len(ws), "WER", e, n, "lost", lost, "segs", len(all), len(rec.sentences), "off", off[len(off)/2], off[len(off)*95/100], "decode", time.Duration(ms)*time.Millisecond)
			}
		}
	}
}
