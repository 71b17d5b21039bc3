package request

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
)

// Limits of what a user may send along.
const (
	maxPrompt       = 2000 // characters
	maxKeywords     = 200
	maxKeyword      = 100     // characters
	maxKeywordBytes = 4 << 10 // of all together: every record of the job carries them
	maxLanguages    = 16
	maxSpeakers     = 32
	maxBeam         = 8
	maxMetadata     = 4 << 10 // bytes
)

const auto = "auto"

// translate is the task that writes English whatever is spoken, and split treats each
// channel as one speaker.
const (
	translate = "translate"
	split     = "split"
)

// promptless is the temperature from which on models go by no prompt.
const promptless = 0.5

// nul ends a text in the engine: what stands behind it would be lost.
const nul = "\x00"

// usual are the candidates for detection when a user names none.
var usual = []string{"en", "ru"}

// Create is the body of a request for a job. A member that is missing or null has
// its default.
type Create struct {
	FileID         string          `json:"file_id"`
	Model          string          `json:"model"`
	Language       string          `json:"language"`
	Languages      []string        `json:"languages"`
	Diarization    bool            `json:"diarization"`
	Task           string          `json:"task"`
	Prompt         string          `json:"prompt"`
	Keywords       []string        `json:"keywords"`
	WordTimestamps bool            `json:"word_timestamps"`
	Temperature    float32         `json:"temperature"`
	BeamSize       *int            `json:"beam_size"`
	VAD            *bool           `json:"vad"`
	Channels       string          `json:"channels"`
	MaxSpeakers    int             `json:"max_speakers"`
	Priority       string          `json:"priority"`
	CallbackURL    string          `json:"callback_url"`
	Metadata       json.RawMessage `json:"metadata"`
}

// Fingerprint is the SHA-256 of what is asked for, however the body spelled it.
func (c *Create) Fingerprint() ([]byte, error) {
	text, err := json.Marshal(c) // which compacts the metadata
	if err != nil {
		return nil, fmt.Errorf("fingerprint of request: %w", err)
	}
	sum := sha256.Sum256(text)
	return sum[:], nil
}

// Options returns the job's options and warnings for the user. Unprocessable: the
// code is "model_not_found", "model_not_installed", "language_not_supported",
// "translation_not_supported", "not_available" or "invalid_option", and the problem names the field.
func (c *Create) Options(models Models) (*jobv1.Options, []string, error) {
	resolve := models.resolve
	if c.Task == translate {
		resolve = models.translator
	}
	model, asked, err := resolve(c.Model)
	if err != nil {
		return nil, nil, err
	}
	language, candidates, err := c.languages(model)
	if err != nil {
		return nil, nil, err
	}
	if err := c.check(); err != nil {
		return nil, nil, err
	}
	options := &jobv1.Options{
		Model: asked, ResolvedModel: model.Name,
		Language: language, Languages: candidates,
		Diarization: c.Diarization, Translate: c.Task == translate,
		Prompt: c.Prompt, Keywords: c.Keywords, WordTimestamps: c.WordTimestamps,
		Temperature: c.Temperature, Vad: c.VAD == nil || *c.VAD,
		SplitChannels: c.Channels == split, MaxSpeakers: uint32(c.MaxSpeakers), Priority: priorities[c.Priority],
		MetadataJson: compact(c.Metadata), CallbackUrl: c.CallbackURL,
	}
	if c.BeamSize != nil {
		options.BeamSize = uint32(*c.BeamSize)
	}
	return options, c.warnings(models, asked, model), nil
}

// languages checks the language and, for "auto", the candidates.
func (c *Create) languages(model catalog.Model) (string, []string, error) {
	language := strings.ToLower(c.Language)
	if language != "" && language != auto {
		if !model.Speaks(language) {
			return "", nil, notSpoken("language", model)
		}
		return language, nil, nil
	}
	if len(c.Languages) > maxLanguages {
		return "", nil, invalid("languages", fmt.Sprintf("At most %d languages can be told apart.", maxLanguages))
	}
	candidates := slices.Clone(c.Languages)
	for i := range candidates {
		candidates[i] = strings.ToLower(candidates[i])
		if !model.Speaks(candidates[i]) {
			return "", nil, notSpoken("languages", model)
		}
	}
	if len(candidates) == 0 {
		candidates = slices.DeleteFunc(slices.Clone(usual), func(code string) bool { return !model.Speaks(code) })
	}
	if len(candidates) == 0 {
		candidates = model.Languages
	}
	return auto, candidates, nil
}

var priorities = map[string]jobv1.Priority{
	"":       jobv1.Priority_PRIORITY_NORMAL,
	"low":    jobv1.Priority_PRIORITY_LOW,
	"normal": jobv1.Priority_PRIORITY_NORMAL,
	"high":   jobv1.Priority_PRIORITY_HIGH,
}

// check looks at the fields that need no model.
func (c *Create) check() error {
	_, knownPriority := priorities[c.Priority]
	longKeyword := func(k string) bool { return k == "" || utf8.RuneCountInString(k) > maxKeyword }
	switch {
	case c.Task != "" && c.Task != "transcribe" && c.Task != translate:
		return invalid("task", "The task is transcribe or translate.")
	case strings.Contains(c.Prompt, nul):
		return invalid("prompt", "The prompt holds a character of code 0.")
	case utf8.RuneCountInString(c.Prompt) > maxPrompt:
		return invalid("prompt", fmt.Sprintf("The prompt is longer than %d characters.", maxPrompt))
	case len(c.Keywords) > maxKeywords || slices.ContainsFunc(c.Keywords, longKeyword):
		return invalid("keywords", fmt.Sprintf("At most %d keywords of 1 to %d characters.", maxKeywords, maxKeyword))
	case slices.ContainsFunc(c.Keywords, func(k string) bool { return strings.Contains(k, nul) }):
		return invalid("keywords", "A keyword holds a character of code 0.")
	case len(strings.Join(c.Keywords, "")) > maxKeywordBytes:
		return invalid("keywords", "The keywords together are larger than 4 KB.")
	case !(c.Temperature >= 0 && c.Temperature <= 1):
		return invalid("temperature", "The temperature is from 0 to 1.")
	case c.BeamSize != nil && (*c.BeamSize < 1 || *c.BeamSize > maxBeam):
		return invalid("beam_size", fmt.Sprintf("The beam size is from 1 to %d.", maxBeam))
	case c.Channels != "" && c.Channels != "mix" && c.Channels != split:
		return invalid("channels", "The channels are mix or split.")
	case c.MaxSpeakers < 0 || c.MaxSpeakers > maxSpeakers:
		return invalid("max_speakers", fmt.Sprintf("The number of speakers is from 0 to %d.", maxSpeakers))
	case !knownPriority:
		return invalid("priority", "The priority is low, normal or high.")
	case len(c.Metadata) > maxMetadata:
		return invalid("metadata", "The metadata is larger than 4 KB.")
	}
	return nil
}

func (c *Create) warnings(models Models, asked string, model catalog.Model) []string {
	var warnings []string
	if wanted, err := models.Catalog.Find(asked); err == nil && wanted.Name != model.Name {
		warnings = append(warnings, fmt.Sprintf("The model %s is not installed; %s was used.", wanted.Name, model.Name))
	}
	if c.Task == translate {
		warnings = append(warnings, translation(model)...)
	}
	if c.Temperature >= promptless && (c.Prompt != "" || len(c.Keywords) > 0) {
		warnings = append(warnings, "At a temperature of 0.5 or more models do not go by a prompt or keywords.")
	}
	if c.Diarization && c.Channels != split {
		warnings = append(warnings, "Telling speakers apart is not available yet; the transcript names no speakers.")
	}
	return warnings
}

// translation is what to know of a model that is to translate.
func translation(model catalog.Model) []string {
	switch {
	case model.CannotTranslate():
		return []string{fmt.Sprintf("The model %s cannot translate; its text stays in the language that is spoken.", model.Name)}
	case model.Translates == nil:
		return []string{fmt.Sprintf("It is not known how well the model %s translates.", model.Name)}
	default:
		return nil
	}
}

func invalid(field, message string) error {
	return problem.With(fault.New(fault.Unprocessable, "invalid_option", message), "field", field)
}

func notSpoken(field string, model catalog.Model) error {
	return problem.With(fault.New(fault.Unprocessable, "language_not_supported", fmt.Sprintf(
		"The model %s does not know this language.", model.Name)), "field", field)
}

// compact is metadata without white space; it is valid JSON, being part of a body
// that was.
func compact(metadata json.RawMessage) string {
	var out bytes.Buffer
	if len(metadata) == 0 || json.Compact(&out, metadata) != nil || out.String() == "null" {
		return ""
	}
	return out.String()
}
