package segment_test

import (
	"slices"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/segment"
)

func TestWindows_leaveLongSilencesOut(t *testing.T) {
	t.Parallel()
	piece := segment.Piece{Span: sec(10, 70)[0], Speech: sec(10.5, 14, 14.8, 20, 30, 35, 60, 69.7)}

	windows := segment.Windows(piece, segment.WindowRule())

	if len(windows) != 1 {
		t.Fatalf("got %d windows, want all speech in one: %v", len(windows), windows)
	}
	if want := sec(10, 20.5, 29.5, 35.5, 59.5, 70); !slices.Equal(windows[0].Parts, want) {
		t.Errorf("parts %v, want %v", windows[0].Parts, want)
	}
	if got := windows[0].LenMs(); got != 27_000 {
		t.Errorf("length %d ms, want 27000", got)
	}
}

func TestWindow_mapsTimesToTheRecording(t *testing.T) {
	t.Parallel()
	window := segment.Window{Parts: sec(10, 20.5, 29.5, 35.5)}

	for at, want := range map[int64]int64{
		-5: 10_000, 0: 10_000, 10_499: 20_499, 10_500: 29_500, 16_499: 35_499, 16_500: 35_500, 99_999: 35_500,
	} {
		if got := window.Original(at); got != want {
			t.Errorf("%d ms in the window is %d ms, want %d", at, got, want)
		}
	}
}

func TestWindows_overlapWhereThereIsNoSilence(t *testing.T) {
	t.Parallel()
	piece := segment.Piece{Span: sec(100, 160)[0], Speech: sec(100, 160)}

	windows := segment.Windows(piece, segment.WindowRule())

	want := []segment.Window{
		{Parts: sec(100, 130)}, {Parts: sec(120, 150), OverlapMs: 10_000}, {Parts: sec(140, 160), OverlapMs: 10_000},
	}
	if !slices.EqualFunc(windows, want, func(a, b segment.Window) bool {
		return a.OverlapMs == b.OverlapMs && slices.Equal(a.Parts, b.Parts)
	}) {
		t.Errorf("got %v, want %v", windows, want)
	}
}

func TestWindows_ofAShortPieceAreThePieceItself(t *testing.T) {
	t.Parallel()
	piece := segment.Piece{Span: sec(5, 30)[0], Speech: sec(5.5, 14, 14.8, 29.5)}

	for name, rule := range map[string]segment.Rule{
		"skipping silence": segment.WindowRule(), "whole": segment.WindowRule().Whole(),
	} {
		windows := segment.Windows(piece, rule)
		if len(windows) != 1 || !slices.Equal(windows[0].Parts, []segment.Span{piece.Span}) {
			t.Errorf("%s: %v, want one window with all of %v", name, windows, piece.Span)
		}
	}
}
