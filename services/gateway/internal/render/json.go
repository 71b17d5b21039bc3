package render

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

type result struct {
	Task     string          `json:"task"`
	TaskID   string          `json:"task_id"`
	FileName string          `json:"file_name"`
	Version  uint32          `json:"version"`
	Model    string          `json:"model"`
	Language string          `json:"language"`
	Source   string          `json:"source_language,omitempty"`
	Duration Seconds         `json:"duration"`
	Text     string          `json:"text"`
	Segments []resultSegment `json:"segments"`
	Words    []resultWord    `json:"words,omitempty"`
	Speakers []string        `json:"speakers"`
	Warnings []string        `json:"warnings"`
	Versions versions        `json:"versions"`
}

type versions struct {
	ModelSHA256 string `json:"model_sha256"`
	Engine      string `json:"engine"`
}

type resultSegment struct {
	ID               int          `json:"id"`
	Start            Seconds      `json:"start"`
	End              Seconds      `json:"end"`
	Text             string       `json:"text"`
	Speaker          string       `json:"speaker,omitempty"`
	Language         string       `json:"language"`
	SourceLanguage   string       `json:"source_language,omitempty"`
	Words            []resultWord `json:"words,omitempty"`
	AvgLogprob       score        `json:"avg_logprob"`
	NoSpeechProb     score        `json:"no_speech_prob"`
	CompressionRatio score        `json:"compression_ratio"`
	Quality          []string     `json:"quality"`
	Redecoded        *redecoded   `json:"redecoded,omitempty"`
}

// redecoded is why the stretch around a segment was decoded a second time.
type redecoded struct {
	Reasons  []string `json:"reasons"`
	Settings string   `json:"settings"`
	Kept     string   `json:"kept"` // "first" or "second"
}

type resultWord struct {
	Word        string  `json:"word"`
	Start       Seconds `json:"start"`
	End         Seconds `json:"end"`
	Probability score   `json:"probability"`
}

// Seconds is a time in milliseconds that is written in seconds, exactly.
type Seconds int64

// MarshalJSON writes, for example, 12.340.
func (s Seconds) MarshalJSON() ([]byte, error) {
	sign, ms := "", int64(s)
	if ms < 0 {
		sign, ms = "-", -ms
	}
	return fmt.Appendf(nil, "%s%d.%03d", sign, ms/1000, ms%1000), nil
}

// score is a measure of the engine; four digits are more than it is worth.
type score float32

// MarshalJSON writes 0 for what JSON has no number for.
func (s score) MarshalJSON() ([]byte, error) {
	v := math.Round(float64(s)*1e4) / 1e4
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	return json.Marshal(v)
}

func writeJSON(w io.Writer, doc Document) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return out.Encode(resultOf(doc))
}

func resultOf(doc Document) result {
	t := doc.Transcript
	r := result{
		Task: "transcribe", TaskID: doc.TaskID, FileName: doc.FileName, Version: max(1, doc.Version),
		Model: t.GetModel(), Language: t.GetLanguage(), Source: sourceOf(t.GetSegments()), Duration: Seconds(t.GetDurationMs()),
		Text: Text(t.GetSegments()), Segments: []resultSegment{}, Speakers: speakersOf(t.GetSegments()),
		Warnings: append([]string{}, doc.Warnings...),
		Versions: versions{ModelSHA256: t.GetModelSha256(), Engine: t.GetEngine()},
	}
	if doc.Translated {
		r.Task = "translate"
	}
	for i, s := range t.GetSegments() {
		segment := segmentOf(i, s)
		if doc.WordTimes {
			segment.Words = wordsOf(s)
			r.Words = append(r.Words, segment.Words...)
		}
		r.Segments = append(r.Segments, segment)
	}
	return r
}

// Segment is the segment number id as the JSON result shows it, on one line; with its
// words if wordTimes is set.
func Segment(id int, s *jobv1.Segment, wordTimes bool) ([]byte, error) {
	segment := segmentOf(id, s)
	if wordTimes {
		segment.Words = wordsOf(s)
	}
	return json.Marshal(segment)
}

func segmentOf(id int, s *jobv1.Segment) resultSegment {
	return resultSegment{
		ID: id, Start: Seconds(s.GetStartMs()), End: Seconds(s.GetEndMs()),
		Text: singleLine(s.GetText()), Speaker: s.GetSpeaker(), Language: s.GetLanguage(), SourceLanguage: s.GetSourceLanguage(),
		AvgLogprob: score(s.GetAvgLogprob()), NoSpeechProb: score(s.GetNoSpeechProb()),
		CompressionRatio: score(s.GetCompressionRatio()), Quality: append([]string{}, s.GetFlags()...),
		Redecoded: redecodedOf(s.GetRedecoding()),
	}
}

func wordsOf(s *jobv1.Segment) []resultWord {
	var words []resultWord
	for _, w := range s.GetWords() {
		words = append(words, resultWord{
			Word: w.GetText(), Start: Seconds(w.GetStartMs()), End: Seconds(w.GetEndMs()),
			Probability: score(w.GetProbability()),
		})
	}
	return words
}

func redecodedOf(r *jobv1.Redecoding) *redecoded {
	if r == nil {
		return nil
	}
	kept := "first"
	if r.GetSecondKept() {
		kept = "second"
	}
	return &redecoded{Reasons: append([]string{}, r.GetReasons()...), Settings: r.GetSettings(), Kept: kept}
}

// sourceOf is the language that most of a translation was spoken in; "" for what is
// none.
func sourceOf(segments []*jobv1.Segment) string {
	spoken, source := map[string]int64{}, ""
	for _, s := range segments {
		language := s.GetSourceLanguage()
		spoken[language] += s.GetEndMs() - s.GetStartMs() + 1
		if language != "" && (source == "" || spoken[language] > spoken[source]) {
			source = language
		}
	}
	return source
}

// speakersOf lists the labels in the order they first speak.
func speakersOf(segments []*jobv1.Segment) []string {
	speakers := []string{}
	for _, s := range segments {
		if name := s.GetSpeaker(); name != "" && !slices.Contains(speakers, name) {
			speakers = append(speakers, name)
		}
	}
	return speakers
}
