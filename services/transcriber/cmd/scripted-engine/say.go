package main

import (
	"math"
	"strings"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
)

// say answers with the rule's text, its words laid out evenly over the sound.
func (r rule) say(pcm []int16) []*enginev1.Segment {
	words := strings.Fields(r.Text)
	if len(words) == 0 {
		return nil
	}
	from, to := 0, len(pcm)
	if sound := bursts(pcm); len(sound) > 0 {
		from, to = sound[0].from, sound[len(sound)-1].to
	}
	place := func(n int) int64 { return milliseconds(from + (to-from)*n/len(words)) }
	out := &enginev1.Segment{
		StartMs: place(0), EndMs: place(len(words)), Text: strings.Join(words, " "),
		AvgLogprob: r.Logprob, NoSpeechProb: r.NoSpeech,
	}
	for n, word := range words {
		out.Words = append(out.Words, &enginev1.Word{
			StartMs: place(n), EndMs: place(n + 1), Text: word, Probability: float32(math.Exp(float64(r.Logprob))),
		})
	}
	return []*enginev1.Segment{out}
}
