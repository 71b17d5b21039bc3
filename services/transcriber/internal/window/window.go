// Package window turns a chunk into what the engine hears at once, and the
// engine's times back into those of the original recording.
//
// An engine always works on 30 s, however short the window, so windows are few
// and full: the speech of a chunk is packed end to end, and of a long silence
// only a little stays on either side. Where to cut is decided by package
// segment; this package handles the samples and the clock. Package worker sends
// the windows to the engine.
package window

import (
	"github.com/stenomesh/stenomesh/pkg/segment"
	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// The form of the audio: signed 16-bit little-endian mono at 16 kHz.
const (
	// BytesPerMs is how many bytes of PCM a millisecond has.
	BytesPerMs = 32
	// shortestMs is the length that a shorter window is filled up to with
	// silence; engines refuse less than 100 ms.
	shortestMs = 1000
)

// Window is a part of a chunk that is decoded by one call.
type Window struct {
	segment.Window
	// PCM is between 1 s and 30 s long. It may share memory with the chunk's.
	PCM []byte
	// SpeechMs is how much of it is speech, in milliseconds.
	SpeechMs int64
	// Overlap is the stretch of the original recording that the window before
	// also holds; empty for a cut in silence.
	Overlap transcript.Span
	// DoneMs is how far into the chunk the window reaches, in milliseconds from
	// the chunk's start.
	DoneMs int64
}

// Cut cuts a chunk into windows, in order. pcm is the chunk's audio; what it
// lacks at its end is left out. With skipSilence false the windows hold all of
// it, else a chunk without speech has none.
func Cut(chunk *jobv1.Chunk, pcm []byte, skipSilence bool) []Window {
	rule := segment.WindowRule()
	if !skipSilence {
		rule = rule.Whole()
	}
	held := segment.Span{StartMs: chunk.GetStartMs(), EndMs: min(chunk.GetEndMs(), chunk.GetStartMs()+int64(len(pcm)/BytesPerMs))}
	speech := spans(chunk.GetSpeech())
	var windows []Window
	for _, w := range segment.Windows(segment.Piece{Span: held, Speech: speech}, rule) {
		end := w.Parts[len(w.Parts)-1].EndMs
		window := Window{
			Window: w, PCM: collect(pcm, w.Parts, held.StartMs),
			SpeechMs: shared(w.Parts, speech), DoneMs: end - held.StartMs,
		}
		if n := len(windows); n > 0 && w.OverlapMs > 0 {
			window.Overlap = transcript.Span{StartMs: w.Parts[0].StartMs, EndMs: held.StartMs + windows[n-1].DoneMs}
		}
		windows = append(windows, window)
	}
	return windows
}

// Fullest returns the window with most speech, the first of equals. There must
// be one.
func Fullest(windows []Window) Window {
	fullest := windows[0]
	for _, w := range windows[1:] {
		if w.SpeechMs > fullest.SpeechMs {
			fullest = w
		}
	}
	return fullest
}

// Halves cuts the window in two, where silence was left out as near to its middle
// as there is such a place; nil if there is none. Only what decoding needs is
// set in the halves.
func (w Window) Halves() []Window {
	var at, cut int64
	parts := 0
	for i, part := range w.Parts[:len(w.Parts)-1] {
		at += part.Len()
		if parts == 0 || abs(2*at-w.LenMs()) < abs(2*cut-w.LenMs()) {
			cut, parts = at, i+1
		}
	}
	if parts == 0 {
		return nil
	}
	return []Window{
		{Window: segment.Window{Parts: w.Parts[:parts]}, PCM: w.PCM[:cut*BytesPerMs]},
		{Window: segment.Window{Parts: w.Parts[parts:]}, PCM: w.PCM[cut*BytesPerMs:]},
	}
}

func abs(n int64) int64 { return max(n, -n) }

// collect joins the samples of the parts; start is where pcm begins.
func collect(pcm []byte, parts []segment.Span, start int64) []byte {
	if len(parts) == 1 && parts[0].Len() >= shortestMs {
		return pcm[(parts[0].StartMs-start)*BytesPerMs : (parts[0].EndMs-start)*BytesPerMs]
	}
	var joined []byte
	for _, part := range parts {
		joined = append(joined, pcm[(part.StartMs-start)*BytesPerMs:(part.EndMs-start)*BytesPerMs]...)
	}
	if missing := shortestMs*BytesPerMs - len(joined); missing > 0 {
		joined = append(joined, make([]byte, missing)...)
	}
	return joined
}

// shared returns how much of the parts is speech; both are in order.
func shared(parts, speech []segment.Span) int64 {
	var total int64
	for _, part := range parts {
		for _, s := range speech {
			total += max(0, min(part.EndMs, s.EndMs)-max(part.StartMs, s.StartMs))
		}
	}
	return total
}

func spans(list []*jobv1.Span) []segment.Span {
	out := make([]segment.Span, len(list))
	for i, s := range list {
		out[i] = segment.Span{StartMs: s.GetStartMs(), EndMs: s.GetEndMs()}
	}
	return out
}
