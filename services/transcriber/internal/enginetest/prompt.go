package enginetest

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
)

// goesByThePrompt shows that what a request gives the decoder to go by reaches it:
// the decoder is not as sure of its words as without.
func goesByThePrompt(t *testing.T, e *suite) {
	bare := e.expected[0]
	if bare.GetPromptTokens() != 0 || bare.GetKeywordsUsed() != 0 {
		t.Errorf("without a prompt %d tokens and %d keywords are heeded", bare.GetPromptTokens(), bare.GetKeywordsUsed())
	}
	for name, set := range map[string]func(*enginev1.TranscribeRequest){
		"prompt":   func(r *enginev1.TranscribeRequest) { r.Prompt = "Good morning everyone, the meeting starts at nine." },
		"keywords": func(r *enginev1.TranscribeRequest) { r.Keywords = []string{"meeting", "morning"} },
	} {
		req := e.request(0)
		set(req)
		got := e.transcribe(t, req)
		if got.GetPromptTokens() == 0 || int(got.GetKeywordsUsed()) != len(req.GetKeywords()) {
			t.Errorf("%s: %d tokens and %d keywords are heeded", name, got.GetPromptTokens(), got.GetKeywordsUsed())
		}
		if sureness(got) == sureness(bare) {
			t.Errorf("%s: the decoder is as sure of every word as without", name)
		}
	}
}

// sureness is how sure the engine is of each word.
func sureness(r *enginev1.TranscribeResponse) string {
	var all strings.Builder
	for _, s := range r.GetSegments() {
		for _, w := range s.GetWords() {
			fmt.Fprintln(&all, w.GetText(), w.GetProbability())
		}
	}
	return all.String()
}

// heedsWhatFits gives more than there is room for, and then other things in the place
// of what was left out.
func heedsWhatFits(t *testing.T, e *suite) {
	req := e.request(0)
	for n := range 300 {
		req.Keywords = append(req.Keywords, fmt.Sprintf("keyword%d", n))
	}
	end := strings.Repeat(" the meeting starts at nine", 100)
	req.Prompt = "We speak of the weather." + end
	many := e.transcribe(t, req)
	used := int(many.GetKeywordsUsed())
	if used == 0 || used == len(req.GetKeywords()) {
		t.Fatalf("%d of %d keywords are heeded", used, len(req.GetKeywords()))
	}

	req.Keywords = req.GetKeywords()[:used]
	req.Prompt = "Numbers and other things." + end

	if got := e.transcribe(t, req); !proto.Equal(got, many) {
		t.Errorf("what is left out makes a difference: %v, then %v", many, got)
	}
}

func translates(t *testing.T, e *suite) {
	req := e.request(0)
	req.Translate = true
	got := e.transcribe(t, req)
	checkSegments(t, got.GetSegments(), req.GetPcm())
	if len(got.GetSegments()) == 0 {
		t.Error("nothing is said in English")
	}
}
