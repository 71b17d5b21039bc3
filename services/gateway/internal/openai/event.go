package openai

import (
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render"
)

// delta is the event that adds to the text.
type delta struct {
	Type      string    `json:"type"`
	Delta     string    `json:"delta"`
	Logprobs  []logprob `json:"logprobs,omitempty"`
	SegmentID string    `json:"segment_id,omitempty"` // of diarized_json
}

// end is the last event. With verbose_json it has what that answer would have, which
// clients that do not know it pass over.
type end struct {
	Type      string     `json:"type"`
	Text      string     `json:"text"`
	Languages []language `json:"languages,omitempty"`
	Logprobs  []logprob  `json:"logprobs,omitempty"`
	*verboseEnd
	Usage usage `json:"usage"`
}

type verboseEnd struct {
	Task     string         `json:"task"`
	Language string         `json:"language"`
	Duration render.Seconds `json:"duration"`
	Words    *[]word        `json:"words,omitempty"`
	Segments *[]segment     `json:"segments,omitempty"`
}

// done tells the end. Its text is what was told, whatever the transcript has.
func (s *stream) done(record *jobv1.Job, t *jobv1.Transcript) {
	p := plainOf(s.order, record, t)
	last := end{
		Type: "transcript.text.done", Text: s.text.String(),
		Languages: p.Languages, Logprobs: p.Logprobs, Usage: p.Usage,
	}
	if s.order.format == formatVerbose {
		v := verboseOf(s.order, record, t)
		last.verboseEnd = &verboseEnd{Task: v.Task, Language: v.Language, Duration: v.Duration, Words: v.Words, Segments: v.Segments}
	}
	s.event(last)
}
