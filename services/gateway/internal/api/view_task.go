package api

import (
	"encoding/json"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
)

// taskView is the whole job.
type taskView struct {
	statusView
	RequestedModel string      `json:"requested_model"`
	Options        optionsView `json:"options"`
	Media          *mediaView  `json:"media"`
	Chunks         uint32      `json:"chunks"`
	// TranscriptVersion is left out while there is no transcript.
	TranscriptVersion uint32   `json:"transcript_version,omitempty"`
	Timings           []timing `json:"timings"`
	Warnings          []string `json:"warnings"`
	Metadata          rawJSON  `json:"metadata"`
}

type optionsView struct {
	Task           string   `json:"task"`
	Language       string   `json:"language"`
	Languages      []string `json:"languages"`
	Diarization    bool     `json:"diarization"`
	Prompt         string   `json:"prompt"`
	Keywords       []string `json:"keywords"`
	WordTimestamps bool     `json:"word_timestamps"`
	Temperature    float32  `json:"temperature"`
	BeamSize       uint32   `json:"beam_size,omitempty"`
	VAD            bool     `json:"vad"`
	Channels       string   `json:"channels"`
	MaxSpeakers    uint32   `json:"max_speakers"`
	Priority       string   `json:"priority"`
	CallbackURL    string   `json:"callback_url,omitempty"`
}

type mediaView struct {
	Duration   seconds `json:"duration_seconds"`
	Format     string  `json:"format"`
	Codec      string  `json:"codec"`
	Channels   uint32  `json:"channels"`
	SampleRate uint32  `json:"sample_rate"`
	BitRate    int64   `json:"bit_rate"`
	Video      bool    `json:"video"`
	Size       int64   `json:"size"`
}

type timing struct {
	Stage   string  `json:"stage"`
	Seconds seconds `json:"seconds"`
}

// rawJSON is written as it is, or as null.
type rawJSON string

// MarshalJSON implements json.Marshaler.
func (m rawJSON) MarshalJSON() ([]byte, error) {
	if !json.Valid([]byte(m)) {
		return []byte("null"), nil
	}
	return []byte(m), nil
}

func taskOf(e index.Entry) taskView {
	record := e.Job
	view := taskView{
		statusView: statusOf(e), RequestedModel: record.GetOptions().GetModel(), Options: optionsOf(record.GetOptions()),
		Chunks: record.GetChunks(), Timings: []timing{}, Warnings: append([]string{}, record.GetWarnings()...),
		Metadata: rawJSON(record.GetOptions().GetMetadataJson()),
	}
	for _, t := range record.GetTimings() {
		view.Timings = append(view.Timings, timing{Stage: t.GetStage(), Seconds: seconds(t.GetDurationMs())})
	}
	if record.GetState() == jobv1.State_STATE_COMPLETED {
		view.TranscriptVersion = job.TranscriptVersion(record)
	}
	if m := record.GetMedia(); m != nil {
		view.Media = &mediaView{
			Duration: seconds(m.GetDurationMs()), Format: m.GetFormat(), Codec: m.GetCodec(), Channels: m.GetChannels(),
			SampleRate: m.GetSampleRate(), BitRate: m.GetBitRate(), Video: m.GetVideo(), Size: record.GetInput().GetSize(),
		}
	}
	return view
}

var priorityNames = map[jobv1.Priority]string{
	jobv1.Priority_PRIORITY_LOW:  "low",
	jobv1.Priority_PRIORITY_HIGH: "high",
}

func optionsOf(o *jobv1.Options) optionsView {
	view := optionsView{
		Task: "transcribe", Language: o.GetLanguage(), Languages: append([]string{}, o.GetLanguages()...),
		Diarization: o.GetDiarization(), Prompt: o.GetPrompt(), Keywords: append([]string{}, o.GetKeywords()...),
		WordTimestamps: o.GetWordTimestamps(), Temperature: o.GetTemperature(), BeamSize: o.GetBeamSize(),
		VAD: o.GetVad(), Channels: "mix", MaxSpeakers: o.GetMaxSpeakers(), Priority: "normal",
		CallbackURL: o.GetCallbackUrl(),
	}
	if o.GetTranslate() {
		view.Task = "translate"
	}
	if o.GetSplitChannels() {
		view.Channels = "split"
	}
	if name, special := priorityNames[o.GetPriority()]; special {
		view.Priority = name
	}
	return view
}
