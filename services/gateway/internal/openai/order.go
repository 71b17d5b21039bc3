package openai

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stenomesh/stenomesh/services/gateway/internal/request"
)

// The formats of an answer.
const (
	formatJSON     = "json"
	formatText     = "text"
	formatSRT      = "srt"
	formatVerbose  = "verbose_json"
	formatVTT      = "vtt"
	formatDiarized = "diarized_json"
)

const mostSpeakers = 4 // that a client may name

// order is what a request asks for, checked as far as it can be without a model.
type order struct {
	create   request.Create // without a file
	format   string
	words    bool // of verbose_json: with words
	segments bool // of verbose_json: with segments
	logprobs bool // of json
	stream   bool
	names    []string // of the speakers, for diarized_json
}

// parseTranscription reads the fields of POST /v1/audio/transcriptions. Invalid: the
// problem names the field. Fields that are not known are passed over.
func parseTranscription(f fields) (order, error) {
	o, err := parseCommon(f, formatJSON, formatText, formatSRT, formatVerbose, formatVTT, formatDiarized)
	if err != nil {
		return order{}, err
	}
	o.create.Languages = codesOf(f.words("languages"))
	o.create.Keywords = f.list("keywords")
	o.create.Channels = f.text("channels")
	o.create.Diarization = o.format == formatDiarized
	if o.stream, err = f.flag("stream"); err != nil {
		return order{}, err
	}
	for _, check := range []func(*order, fields) error{readGranularities, readInclude, readSpeakers, checkChunking} {
		if err := check(&o, f); err != nil {
			return order{}, err
		}
	}
	return o, nil
}

// parseTranslation reads the fields of POST /v1/audio/translations.
func parseTranslation(f fields) (order, error) {
	o, err := parseCommon(f, formatJSON, formatText, formatSRT, formatVerbose, formatVTT)
	o.create.Task, o.segments = "translate", true
	return o, err
}

func parseCommon(f fields, formats ...string) (order, error) {
	o := order{format: strings.ToLower(f.text("response_format"))}
	if o.format == "" {
		o.format = formatJSON
	}
	o.create.Model = strings.TrimSpace(f.text("model"))
	o.create.Prompt = f.text("prompt")
	o.create.Language = codeOf(f.text("language"))
	temperature, err := f.number("temperature", 0, 1)
	o.create.Temperature = float32(temperature)
	switch {
	case o.create.Model == "":
		return order{}, missing("model")
	case !slices.Contains(formats, o.format):
		return order{}, invalidField("response_format", "The response_format is one of "+strings.Join(formats, ", ")+".")
	}
	return o, err
}

func readGranularities(o *order, f fields) error {
	asked := f.words("timestamp_granularities")
	for _, granularity := range asked {
		switch granularity {
		case "word":
			o.words, o.create.WordTimestamps = true, true
		case "segment":
			o.segments = true
		default:
			return invalidField("timestamp_granularities", "The timestamp_granularities are word and segment.")
		}
	}
	if len(asked) > 0 && o.format != formatVerbose {
		return invalidField("timestamp_granularities", "The timestamp_granularities need the response_format verbose_json.")
	}
	o.segments = o.segments || !o.words
	return nil
}

func readInclude(o *order, f fields) error {
	for _, what := range f.words("include") {
		switch {
		case what != "logprobs":
			return invalidField("include", "Only logprobs can be included.")
		case o.format != formatJSON:
			return invalidField("include", "To include logprobs needs the response_format json.")
		}
		o.logprobs = true
	}
	return nil
}

// readSpeakers takes names for speakers. Samples of their voices are checked and not
// used.
func readSpeakers(o *order, f fields) error {
	names, samples := f.list("known_speaker_names"), f.list(sampleField)
	for field, values := range map[string][]string{"known_speaker_names": names, sampleField: samples} {
		switch {
		case len(values) > mostSpeakers:
			return invalidField(field, fmt.Sprintf("At most %d speakers can be known.", mostSpeakers))
		case len(values) > 0 && o.format != formatDiarized:
			return invalidField(field, "Known speakers need the response_format diarized_json.")
		}
	}
	notData := func(sample string) bool { return !strings.EqualFold(sample, dataURL) }
	switch {
	case len(samples) > 0 && len(samples) != len(names):
		return invalidField(sampleField, "Each known speaker has a name and a sample.")
	case slices.ContainsFunc(samples, notData):
		return invalidField(sampleField, "A sample of a voice is a data URL.")
	case slices.ContainsFunc(names, func(name string) bool { return len(name) > 200 }):
		return invalidField("known_speaker_names", "The name of a speaker is at most 200 bytes long.")
	}
	o.names = names
	return nil
}
