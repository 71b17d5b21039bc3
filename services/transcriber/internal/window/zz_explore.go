package window

import (
	"github.com/stenomesh/stenomesh/pkg/segment"
	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func CutRule(chunk *jobv1.Chunk, pcm []byte, rule segment.Rule) []Window {
	held := segment.Span{StartMs: chunk.GetStartMs(), EndMs: min(chunk.GetEndMs(), chunk.GetStartMs()+int64(len(pcm)/BytesPerMs))}
	speech := spans(chunk.GetSpeech())
	var windows []Window
	for _, w := range segment.Windows(segment.Piece{Span: held, Speech: speech}, rule) {
		end := w.Parts[len(w.Parts)-1].EndMs
		window := Window{Window: w, PCM: collect(pcm, w.Parts, held.StartMs), DoneMs: end - held.StartMs}
		if n := len(windows); n > 0 && w.OverlapMs > 0 {
			window.Overlap = transcript.Span{StartMs: w.Parts[0].StartMs, EndMs: held.StartMs + windows[n-1].DoneMs}
		}
		windows = append(windows, window)
	}
	return windows
}
