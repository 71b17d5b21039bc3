package main

import (
	"strings"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
)

// promptRoom is how many words of a prompt are heeded, each being a token.
const promptRoom = 100

// prompt is what a request gives the engine to go by. It changes how sure the
// engine is of each word, and never the words.
type prompt struct {
	words    []string
	keywords int // how many of the words' first ones are keywords of the request
}

// promptOf takes as many keywords as there is room for, from the first, and then
// the last words of the text.
func promptOf(req *enginev1.TranscribeRequest) prompt {
	var p prompt
	for _, keyword := range req.GetKeywords() {
		words := strings.Fields(keyword)
		if len(p.words)+len(words) > promptRoom {
			break
		}
		p.words, p.keywords = append(p.words, words...), p.keywords+1
	}
	text := strings.Fields(req.GetPrompt())
	p.words = append(p.words, text[max(0, len(text)-promptRoom+len(p.words)):]...)
	return p
}

// hash is 0 for an empty prompt.
func (p prompt) hash() uint64 {
	if len(p.words) == 0 {
		return 0
	}
	return hash([]byte(strings.Join(p.words, " ")))
}
