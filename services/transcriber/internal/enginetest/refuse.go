package enginetest

import (
	"errors"
	"testing"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engineproc"
)

// refusesBadWindow sends windows that libwhisper would answer with somebody
// else's words, or not at all.
func refusesBadWindow(t *testing.T, e *suite) {
	for name, pcm := range map[string][]byte{
		"empty":         nil,
		"one sample":    make([]byte, 2),
		"too short":     make([]byte, 2*1599),
		"too long":      make([]byte, 2*480_001),
		"far too long":  make([]byte, engineproc.MaxMessage+1),
		"half a sample": make([]byte, 2*16_000+1),
	} {
		req := e.request(0)
		req.Pcm = pcm
		resp, err := e.Transcribe(t.Context(), req)
		mustRefuse(t, name, resp, err)
	}
	e.mustHear(t, 0, "after refusals")
}

func refusesBadOptions(t *testing.T, e *suite) {
	for name, spoil := range map[string]func(*enginev1.TranscribeRequest){
		"no language":              func(r *enginev1.TranscribeRequest) { r.Language = "" },
		"unknown language":         func(r *enginev1.TranscribeRequest) { r.Language = "xx" },
		"language name":            func(r *enginev1.TranscribeRequest) { r.Language = "english please" },
		"automatic language":       func(r *enginev1.TranscribeRequest) { r.Language = "auto" },
		"temperature below zero":   func(r *enginev1.TranscribeRequest) { r.Temperature = -0.1 },
		"temperature over one":     func(r *enginev1.TranscribeRequest) { r.Temperature = 1.1 },
		"temperature not a number": func(r *enginev1.TranscribeRequest) { r.Temperature = notANumber() },
		"beam too wide":            func(r *enginev1.TranscribeRequest) { r.BeamSize = 9 },
		"beam far too wide":        func(r *enginev1.TranscribeRequest) { r.BeamSize = 1 << 31 },
		"prompt with a zero":       func(r *enginev1.TranscribeRequest) { r.Prompt = "a\x00b" },
		"keyword with a zero":      func(r *enginev1.TranscribeRequest) { r.Keywords = []string{"a", "b\x00"} },
		"prompt not UTF-8":         func(r *enginev1.TranscribeRequest) { r.Prompt = "\xff" },
	} {
		req := e.request(0)
		spoil(req)
		resp, err := e.Transcribe(t.Context(), req)
		mustRefuse(t, name, resp, err)
	}
}

func notANumber() float32 {
	var zero float32
	return zero / zero
}

func mustRefuse[R any](t *testing.T, name string, resp *R, err error) {
	t.Helper()
	if !errors.Is(err, engine.ErrRefused) {
		t.Errorf("%s: got %v and error %v, want ErrRefused", name, resp, err)
	}
}
