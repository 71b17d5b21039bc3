package enginetest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/transcript"
	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
)

// request asks for the narrowest search: half the time, and the contract is the same.
func (e *suite) request(window int) *enginev1.TranscribeRequest {
	return &enginev1.TranscribeRequest{
		Pcm: e.windows[window].PCM, Language: e.windows[window].Language, BeamSize: 1, TraceId: fmt.Sprintf("window/%d", window),
	}
}

// transcribe makes a call that must succeed. DecodeMs, which differs between
// equal runs, is cleared.
func (e *suite) transcribe(t *testing.T, req *enginev1.TranscribeRequest) *enginev1.TranscribeResponse {
	t.Helper()
	resp, err := e.Transcribe(t.Context(), req)
	if err != nil {
		t.Fatalf("transcribe %s: %v", req.GetTraceId(), err)
	}
	resp.DecodeMs = 0
	return resp
}

// mustHear transcribes a window and compares with what another process heard.
func (e *suite) mustHear(t *testing.T, window int, when string) {
	t.Helper()
	e.mustGet(t, window, e.transcribe(t, e.request(window)), when)
}

func (e *suite) mustGet(t *testing.T, window int, got *enginev1.TranscribeResponse, when string) {
	t.Helper()
	if want := e.expected[window]; !proto.Equal(got, want) {
		t.Errorf("window %d %s:\ngot  %v\nwant %v", window, when, got, want)
	}
}

// hearsTheSpeech sets what the other stories expect.
func hearsTheSpeech(t *testing.T, e *suite) {
	t.Helper()
	for i := range e.windows {
		resp := e.transcribe(t, e.request(i))
		if len(resp.GetSegments()) == 0 {
			t.Errorf("window %d: no segments", i)
		}
		checkSegments(t, resp.GetSegments(), e.request(i).GetPcm())
		e.expected = append(e.expected, resp)
	}
}

// checkSegments holds what was heard in pcm against the contract.
func checkSegments(t *testing.T, segments []*enginev1.Segment, pcm []byte) {
	t.Helper()
	length := int64(len(pcm)+31) / 32 // in ms, rounded up
	var previous int64
	for i, s := range segments {
		if s.GetStartMs() < previous || s.GetEndMs() < s.GetStartMs() || s.GetEndMs() > length {
			t.Errorf("segment %d: %d-%d ms after %d in a window of %d", i, s.GetStartMs(), s.GetEndMs(), previous, length)
		}
		previous = s.GetStartMs()
		if s.GetText() == "" || !utf8.ValidString(s.GetText()) || strings.TrimSpace(s.GetText()) != s.GetText() {
			t.Errorf("segment %d: text %q", i, s.GetText())
		}
		if p := s.GetNoSpeechProb(); p < 0 || p > 1 || s.GetAvgLogprob() > 0 {
			t.Errorf("segment %d: no_speech_prob %v, avg_logprob %v", i, p, s.GetAvgLogprob())
		}
		checkWords(t, s)
	}
}

func checkWords(t *testing.T, s *enginev1.Segment) {
	t.Helper()
	previous := s.GetStartMs()
	for _, w := range s.GetWords() {
		if w.GetStartMs() < previous || w.GetEndMs() < w.GetStartMs() || w.GetEndMs() > s.GetEndMs() {
			t.Errorf("word %q: %d-%d ms after %d in a segment of %d-%d",
				w.GetText(), w.GetStartMs(), w.GetEndMs(), previous, s.GetStartMs(), s.GetEndMs())
		}
		previous = w.GetStartMs()
		if strings.ContainsAny(w.GetText(), " \t\n") || !utf8.ValidString(w.GetText()) {
			t.Errorf("word %q", w.GetText())
		}
		if p := w.GetProbability(); p < 0 || p > 1 {
			t.Errorf("word %q: probability %v", w.GetText(), p)
		}
	}
	// Only the text tells where a space stands: not every script has spaces.
	if transcript.Places(s.GetText(), s.GetWords()) == nil {
		t.Errorf("text %q is not made of the words %v", s.GetText(), s.GetWords())
	}
}

func sameAfterOtherWork(t *testing.T, e *suite) {
	e.mustHear(t, 1, "first")
	e.mustHear(t, 0, "after another")
	e.mustHear(t, 0, "again")
}

func sameOnFreshState(t *testing.T, e *suite) {
	e.mustHear(t, 1, "first")
	req := e.request(0)
	req.FreshState = true
	e.mustGet(t, 0, e.transcribe(t, req), "on a fresh state")
}

func sameBesideOthers(t *testing.T, e *suite) {
	n := len(e.windows)
	got := make([]*enginev1.TranscribeResponse, 2*n)
	errs := make([]error, 2*n)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { got[i], errs[i] = e.Transcribe(t.Context(), e.request(i%n)) })
	}
	wg.Wait()
	for i := range got {
		if errs[i] != nil {
			t.Fatalf("window %d beside others: %v", i%n, errs[i])
		}
		got[i].DecodeMs = 0
		e.mustGet(t, i%n, got[i], "beside others")
	}
}

func nothingInSilence(t *testing.T, e *suite) {
	e.mustHear(t, 0, "first") // words that could leak into the next call
	for _, seconds := range []int{1, 30} {
		req := e.request(0)
		req.Pcm = Silence(seconds * 1000)
		if got := e.transcribe(t, req).GetSegments(); len(got) != 0 {
			t.Errorf("%d s of silence: %v", seconds, got)
		}
	}
}

func everyAllowedLength(t *testing.T, e *suite) {
	for _, samples := range []int{1600, 1601, 480_000} {
		req := e.request(0)
		pcm := make([]byte, 2*samples)
		copy(pcm, req.GetPcm())
		req.Pcm = pcm
		checkSegments(t, e.transcribe(t, req).GetSegments(), pcm)
	}
}

func longPrompt(t *testing.T, e *suite) {
	req := e.request(0)
	req.BeamSize = 0 // as most requests
	req.Prompt = strings.Repeat("Мы говорим о погоде, and the meeting starts at nine. ", 200)
	checkSegments(t, e.transcribe(t, req).GetSegments(), req.GetPcm())
}
