package openai

import (
	"math"

	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render"
)

// logprob is how sure the model is of a piece of the text: of a word with the space
// before it, since tokens are not kept.
type logprob struct {
	Token   string  `json:"token"`
	Logprob float64 `json:"logprob"`
	Bytes   []int   `json:"bytes"`
}

// impossible is what OpenAI writes for a probability of 0.
const impossible = -9999.0

// logprobsOf tells all words; the tokens put together are the text of the segments.
// first says that nothing stands before them.
func logprobsOf(segments []*jobv1.Segment, first bool) []logprob {
	all := []logprob{}
	for _, s := range segments {
		text := render.Text([]*jobv1.Segment{s})
		if text == "" {
			continue
		}
		before := " "
		if first {
			before, first = "", false
		}
		places := transcript.Places(text, s.GetWords())
		if len(places) == 0 { // the words are not known one by one
			all = append(all, logprobOf(before+text, float64(s.GetAvgLogprob())))
			continue
		}
		at := 0
		for n, place := range places {
			all = append(all, logprobOf(before+text[at:place.To], math.Log(float64(s.GetWords()[n].GetProbability()))))
			before, at = "", place.To
		}
	}
	return all
}

func logprobOf(token string, value float64) logprob {
	if math.IsNaN(value) || value < impossible {
		value = impossible
	}
	l := logprob{Token: token, Logprob: number(float32(min(0, value))), Bytes: make([]int, len(token))}
	for i := range l.Bytes {
		l.Bytes[i] = int(token[i])
	}
	return l
}
