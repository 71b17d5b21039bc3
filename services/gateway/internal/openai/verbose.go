package openai

import (
	"math"

	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render"
)

// verbose is the format verbose_json.
type verbose struct {
	Task     string         `json:"task"`
	Language string         `json:"language"` // its name
	Duration render.Seconds `json:"duration"`
	Text     string         `json:"text"`
	Words    *[]word        `json:"words,omitempty"`
	Segments *[]segment     `json:"segments,omitempty"`
	Usage    usage          `json:"usage"`
}

type word struct {
	Word  string         `json:"word"`
	Start render.Seconds `json:"start"`
	End   render.Seconds `json:"end"`
}

// segment has all members that OpenAI's has. The text begins with a space, so that
// the texts of all can be put together. Seek is the start in hundredths of a second;
// tokens are not kept, the list is empty.
type segment struct {
	ID               int            `json:"id"`
	Seek             int64          `json:"seek"`
	Start            render.Seconds `json:"start"`
	End              render.Seconds `json:"end"`
	Text             string         `json:"text"`
	Tokens           []int          `json:"tokens"`
	Temperature      float64        `json:"temperature"`
	AvgLogprob       float64        `json:"avg_logprob"`
	CompressionRatio float64        `json:"compression_ratio"`
	NoSpeechProb     float64        `json:"no_speech_prob"`
}

func verboseOf(o order, record *jobv1.Job, t *jobv1.Transcript) verbose {
	v := verbose{
		Task: "transcribe", Language: nameOf(t.GetLanguage()), Duration: render.Seconds(t.GetDurationMs()),
		Text: render.Text(t.GetSegments()), Usage: usageOf(t),
	}
	if record.GetOptions().GetTranslate() {
		v.Task, v.Language = "translate", "english"
	}
	if o.words {
		v.Words = wordsOf(t.GetSegments())
	}
	if o.segments {
		v.Segments = segmentsOf(t.GetSegments(), record.GetOptions().GetTemperature())
	}
	return v
}

func wordsOf(segments []*jobv1.Segment) *[]word {
	words := []word{}
	for _, s := range segments {
		for _, w := range s.GetWords() {
			words = append(words, word{w.GetText(), render.Seconds(w.GetStartMs()), render.Seconds(w.GetEndMs())})
		}
	}
	return &words
}

func segmentsOf(segments []*jobv1.Segment, temperature float32) *[]segment {
	views := []segment{}
	for _, s := range segments {
		text := render.Text([]*jobv1.Segment{s})
		if text == "" {
			continue
		}
		ratio := s.GetCompressionRatio()
		if ratio == 0 {
			ratio = transcript.CompressionRatio(text)
		}
		views = append(views, segment{
			ID: len(views), Seek: s.GetStartMs() / 10, Start: render.Seconds(s.GetStartMs()), End: render.Seconds(s.GetEndMs()),
			Text: " " + text, Tokens: []int{}, Temperature: number(temperature), AvgLogprob: number(s.GetAvgLogprob()),
			CompressionRatio: number(ratio), NoSpeechProb: number(s.GetNoSpeechProb()),
		})
	}
	return &views
}

// number is a measure with as many digits as it is worth; 0 for what JSON has no number
// for.
func number(v float32) float64 {
	rounded := math.Round(float64(v)*1e6) / 1e6
	if math.IsNaN(rounded) || math.IsInf(rounded, 0) {
		return 0
	}
	return rounded
}
