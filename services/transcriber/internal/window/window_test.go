package window_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/stenomesh/stenomesh/pkg/segment"
	"github.com/stenomesh/stenomesh/pkg/transcript"
	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/window"
)

func TestCut_leavesLongSilenceOut(t *testing.T) {
	t.Parallel()
	chunk := chunk(10_000, 40_000, span(11_000, 13_000), span(33_000, 36_000))

	windows := window.Cut(chunk, pcm(chunk), true)

	if len(windows) != 1 {
		t.Fatalf("%d windows, want 1", len(windows))
	}
	w := windows[0]
	want := []segment.Span{{StartMs: 10_500, EndMs: 13_500}, {StartMs: 32_500, EndMs: 36_500}}
	if !slices.Equal(w.Parts, want) || w.SpeechMs != 5_000 || w.DoneMs != 26_500 {
		t.Errorf("parts %v, speech %d, done %d", w.Parts, w.SpeechMs, w.DoneMs)
	}
	checkSamples(t, w)
}

func TestCut_keepsSilenceWhenAsked(t *testing.T) {
	t.Parallel()
	chunk := chunk(10_000, 50_000, span(11_000, 13_000))

	windows := window.Cut(chunk, pcm(chunk), false)

	var held int64
	for _, w := range windows {
		held += w.LenMs()
		checkSamples(t, w)
	}
	if held != 40_000 {
		t.Errorf("windows hold %d ms, want all 40000", held)
	}
}

func TestCut_hasNoWindowWithoutSpeech(t *testing.T) {
	t.Parallel()
	chunk := chunk(0, 20_000)

	if windows := window.Cut(chunk, pcm(chunk), true); len(windows) != 0 {
		t.Errorf("%d windows, want none", len(windows))
	}
}

func TestCut_overlapsWhereNobodyPauses(t *testing.T) {
	t.Parallel()
	chunk := chunk(5_000, 55_000, span(5_000, 55_000))

	windows := window.Cut(chunk, pcm(chunk), true)

	if len(windows) < 2 {
		t.Fatalf("%d windows, want several", len(windows))
	}
	before, after := windows[0].Parts[0], windows[1].Parts[0]
	if want := (transcript.Span{StartMs: after.StartMs, EndMs: before.EndMs}); windows[1].Overlap != want {
		t.Errorf("overlap %v, want %v", windows[1].Overlap, want)
	}
	if length := windows[1].Overlap.EndMs - windows[1].Overlap.StartMs; length < 5_000 {
		t.Errorf("overlap of %d ms cannot hold a sentence", length)
	}
}

func TestCut_fillsShortWindowsUp(t *testing.T) {
	t.Parallel()
	chunk := chunk(0, 40, span(0, 40))

	windows := window.Cut(chunk, pcm(chunk), true)

	if len(windows) != 1 || len(windows[0].PCM) != 1000*window.BytesPerMs {
		t.Fatalf("windows %v", windows)
	}
	if tail := windows[0].PCM[40*window.BytesPerMs:]; !bytes.Equal(tail, make([]byte, len(tail))) {
		t.Error("the rest is not silence")
	}
}

func TestCut_windowsHoldTheirPartsAndFitTheEngine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := rapid.Int64Range(0, 1_000_000).Draw(t, "start")
		chunk := chunk(start, start+rapid.Int64Range(1, 130_000).Draw(t, "length"))
		for at := start; ; {
			from := at + rapid.Int64Range(1, 9_000).Draw(t, "pause")
			at = from + rapid.Int64Range(10, 40_000).Draw(t, "speech")
			if at > chunk.GetEndMs() {
				break
			}
			chunk.Speech = append(chunk.Speech, span(from, at))
		}
		audio := pcm(chunk)
		audio = audio[:len(audio)-2*rapid.IntRange(0, len(audio)/2).Draw(t, "missing")]

		for _, w := range window.Cut(chunk, audio, rapid.Bool().Draw(t, "skip")) {
			if n := len(w.PCM) / window.BytesPerMs; n < 1_000 || n > 30_000 {
				t.Fatalf("a window of %d ms", n)
			}
			checkSamples(t, w)
		}
	})
}

func TestFullest_isTheOneWithMostSpeech(t *testing.T) {
	t.Parallel()

	w := window.Fullest([]window.Window{{SpeechMs: 3, DoneMs: 1}, {SpeechMs: 7, DoneMs: 2}, {SpeechMs: 7, DoneMs: 3}})

	if w.DoneMs != 2 {
		t.Errorf("got the window that ends at %d", w.DoneMs)
	}
}

func TestHalves_partWhereSilenceWasLeftOut(t *testing.T) {
	t.Parallel()
	silences := []*jobv1.Span{span(0, 4000), span(10_000, 13_000), span(20_000, 26_000)}
	whole := window.Cut(chunk(0, 30_000, silences...), pcm(chunk(0, 30_000)), true)[0]

	halves := whole.Halves()

	if len(halves) != 2 || len(halves[0].Parts)+len(halves[1].Parts) != len(whole.Parts) {
		t.Fatalf("got %v of %v", halves, whole.Parts)
	}
	for _, half := range halves {
		checkSamples(t, half)
	}
	if whole.Parts = whole.Parts[:1]; whole.Halves() != nil {
		t.Error("there is no silence to part one stretch in")
	}
}

func TestSegments_areInTheOriginalRecording(t *testing.T) {
	t.Parallel()
	w := twoParts()
	said := []*enginev1.Segment{
		sentence("One two.", word("One", 500, 900), word("two.", 1_000, 2_000)),
		sentence("Three.", word("Three.", 2_500, 3_000)),
	}

	got := w.Segments(said, "en")

	if len(got) != 2 {
		t.Fatalf("%d segments", len(got))
	}
	wantSpan(t, got[0].GetWords()[0], 10_500, 10_900)
	wantSpan(t, got[0], 10_500, 12_000) // up to the end of the first part, not into the second
	wantSpan(t, got[1], 60_500, 61_000)
	if got[0].GetLanguage() != "en" || got[0].GetCompressionRatio() == 0 {
		t.Errorf("segment %v", got[0])
	}
}

func TestSegments_putAWordOnOneSideOfASilence(t *testing.T) {
	t.Parallel()
	w := twoParts()

	got := w.Segments([]*enginev1.Segment{sentence("One two.", word("One", 1_500, 1_900), word("two.", 1_900, 2_600))}, "en")

	wantSpan(t, got[0].GetWords()[1], 60_000, 60_600)
	wantSpan(t, got[0], 11_500, 60_600)
}

func TestSegments_areInOrderWhateverTheEngineSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := twoParts()
		ms := rapid.Int64Range(-500, 5_000)
		var said []*enginev1.Segment
		for range rapid.IntRange(0, 4).Draw(t, "segments") {
			s := &enginev1.Segment{StartMs: ms.Draw(t, "start"), EndMs: ms.Draw(t, "end"), Text: rapid.SampledFrom([]string{"", "a b"}).Draw(t, "text")}
			for range rapid.IntRange(0, 3).Draw(t, "words") {
				s.Words = append(s.Words, word("a", ms.Draw(t, "from"), ms.Draw(t, "to")))
			}
			said = append(said, s)
		}

		last := w.Parts[0].StartMs
		for _, s := range w.Segments(said, "en") {
			at := s.GetStartMs()
			for _, word := range s.GetWords() {
				if word.GetStartMs() < at || word.GetEndMs() < word.GetStartMs() {
					t.Fatalf("word %v begins before %d", word, at)
				}
				at = word.GetEndMs()
			}
			if s.GetText() == "" || s.GetStartMs() < last || s.GetEndMs() < at || s.GetEndMs() > w.Parts[1].EndMs {
				t.Fatalf("segment %v after %d", s, last)
			}
			last = s.GetEndMs()
		}
	})
}

// twoParts is a window of two stretches of 2 s, with 48 s left out between them.
func twoParts() window.Window {
	return window.Window{Window: segment.Window{Parts: []segment.Span{
		{StartMs: 10_000, EndMs: 12_000}, {StartMs: 60_000, EndMs: 62_000},
	}}}
}

func chunk(start, end int64, speech ...*jobv1.Span) *jobv1.Chunk {
	return &jobv1.Chunk{StartMs: start, EndMs: end, Speech: speech}
}

func span(start, end int64) *jobv1.Span { return &jobv1.Span{StartMs: start, EndMs: end} }

// pcm is the audio of a chunk in which every sample tells the second it is in,
// from 1 on.
func pcm(chunk *jobv1.Chunk) []byte {
	var audio []byte
	for ms := chunk.GetStartMs(); ms < chunk.GetEndMs(); ms++ {
		sample := binary.LittleEndian.AppendUint16(nil, second(ms))
		audio = append(audio, bytes.Repeat(sample, window.BytesPerMs/2)...)
	}
	return audio
}

func second(ms int64) uint16 { return uint16(1 + ms/1000) }

// checkSamples compares the first and last sample of each part with its place.
func checkSamples(t interface {
	Helper()
	Fatalf(string, ...any)
}, w window.Window) {
	t.Helper()
	var at int64
	for _, part := range w.Parts {
		first := binary.LittleEndian.Uint16(w.PCM[at*window.BytesPerMs:])
		at += part.Len()
		last := binary.LittleEndian.Uint16(w.PCM[at*window.BytesPerMs-2:])
		if first != second(part.StartMs) || last != second(part.EndMs-1) {
			t.Fatalf("part %v holds the seconds %d to %d", part, first, last)
		}
	}
}

func sentence(text string, words ...*enginev1.Word) *enginev1.Segment {
	return &enginev1.Segment{Text: text, Words: words, StartMs: words[0].GetStartMs(), EndMs: words[len(words)-1].GetEndMs()}
}

func word(text string, start, end int64) *enginev1.Word {
	return &enginev1.Word{Text: text, StartMs: start, EndMs: end}
}

func wantSpan(t *testing.T, got interface {
	GetStartMs() int64
	GetEndMs() int64
}, start, end int64) {
	t.Helper()
	if got.GetStartMs() != start || got.GetEndMs() != end {
		t.Errorf("got %d to %d, want %d to %d", got.GetStartMs(), got.GetEndMs(), start, end)
	}
}
