package main

import (
	"slices"
	"strings"
	"testing"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
)

func TestSay_laysItsTextOverTheSound(t *testing.T) {
	t.Parallel()
	pcm := slices.Concat(silence(1000), noise(1, 400), silence(200), noise(2, 400), silence(500))

	said := rule{Text: "Thanks for watching!", Logprob: -1.5, NoSpeech: 0.9}.say(pcm)

	if len(said) != 1 || said[0].GetText() != "Thanks for watching!" || len(said[0].GetWords()) != 3 {
		t.Fatalf("said %v", said)
	}
	s := said[0]
	if s.GetStartMs() != 1000 || s.GetEndMs() != 2000 || s.GetAvgLogprob() != -1.5 || s.GetNoSpeechProb() != 0.9 {
		t.Errorf("said %v, want it from 1000 to 2000 ms", s)
	}
	if nothing := (rule{}).say(pcm); nothing != nil {
		t.Errorf("without a text %v is said", nothing)
	}
}

func TestScript_saysOnlyInLongWindows(t *testing.T) {
	t.Parallel()
	model := modelWith(t, `{"rules": [{"do": "say", "longer": 9000, "text": "Five"}]}`)
	s := mustRead(t, model)
	for ms, want := range map[int64]bool{9000: false, 9001: true} {
		if _, fires := s.ruleFor(model, 1, "", ms); fires != want {
			t.Errorf("a window of %d ms: fires %t, want %t", ms, fires, want)
		}
	}
}

func TestPromptOf_takesTheFirstKeywordsAndTheLastWords(t *testing.T) {
	t.Parallel()
	var keywords []string
	for range promptRoom + 1 {
		keywords = append(keywords, "a")
	}

	if p := promptOf(&enginev1.TranscribeRequest{Keywords: keywords, Prompt: "x"}); p.keywords != promptRoom || slices.Contains(p.words, "x") {
		t.Errorf("got %v", p)
	}
	p := promptOf(&enginev1.TranscribeRequest{Keywords: []string{"a b"}, Prompt: "x " + strings.Repeat("y ", promptRoom-2)})
	if p.keywords != 1 || len(p.words) != promptRoom || slices.Contains(p.words, "x") {
		t.Errorf("got %v", p)
	}
}
