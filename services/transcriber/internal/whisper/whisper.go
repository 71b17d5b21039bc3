// Package whisper decodes short windows of speech with whisper.cpp.
//
// It is a thin binding over libwhisper, made for one process that holds one
// loaded model (cmd/whisper-engine): a Model owns one whisper context without a
// default state and a fixed number of states, its slots, that are reused from
// call to call. Nothing that one call says reaches the next one.
//
// The files that need libwhisper carry the build tag "whisper" and are built
// through deploy/whisper/env.sh; options, words and results are plain Go. Above
// this package stands engineserver, which speaks engine/v1.
package whisper

import (
	"errors"
	"time"
)

// SampleRate is the rate in Hz of all audio given to a Model.
const SampleRate = 16000

// The length of a window in samples. libwhisper computes no spectrum for an
// empty window and would then repeat what it heard before, which may be another
// user's words; below a tenth of a second it writes nothing. Above thirty
// seconds it would feed its own text into the next window.
const (
	MinSamples = SampleRate / 10
	MaxSamples = SampleRate * 30
)

var (
	// ErrInvalid is returned when an option or the length of a window is out of range.
	ErrInvalid = errors.New("invalid argument")
	// ErrOutOfMemory is returned when libwhisper could not allocate a state; the
	// process should be replaced.
	ErrOutOfMemory = errors.New("out of memory")
	// ErrEngine is returned when libwhisper gave up on a window.
	ErrEngine = errors.New("engine error")
)

// Info tells what was loaded. It does not change after Load.
type Info struct {
	// Version of libwhisper, for example "1.9.5".
	Version string
	// ModelType is the size class in the model file, for example "tiny".
	ModelType string
	// Multilingual is true when the model knows more languages than English.
	Multilingual bool
	// Languages are the ISO 639-1 codes the model accepts.
	Languages []string
	// LoadTime is how long Load took.
	LoadTime time.Duration
	// Slots is the number of windows decoded side by side.
	Slots int
	// Device is the name, as in Devices, of what the model runs on.
	Device string
	// GPU is true when a GPU was asked for and opened.
	GPU bool
	// Devices are all processors libwhisper sees.
	Devices []Device
}

// Device is one processor that libwhisper can run on.
type Device struct {
	// Name is the backend's, for example "CPU" or "Vulkan0".
	Name string
	// Description is for people, for example the processor's model name.
	Description string
	// Kind is "cpu", "gpu", "igpu" or "accel".
	Kind string
	// MemoryFree and MemoryTotal are in bytes, 0 if unknown.
	MemoryFree, MemoryTotal uint64
}

// Result is what was said in one window.
type Result struct {
	// Segments are in time order.
	Segments []Segment
	// Took is the decoder's time, without the wait for a slot.
	Took time.Duration
	// PromptTokens is how many tokens of the prompt were heeded, and KeywordsUsed
	// how many of the keywords, from the first.
	PromptTokens, KeywordsUsed int
}

// Segment is about one sentence.
type Segment struct {
	// Start and End count from the start of the window; Start <= End, and both
	// lie inside the window.
	Start, End time.Duration
	// Text has no space around it and is valid UTF-8.
	Text string
	// Words of Text in order.
	Words []Word
	// AvgLogprob is the mean natural log probability of the tokens.
	AvgLogprob float32
	// NoSpeechProb in [0,1] is that of the window holding no speech.
	NoSpeechProb float32
}

// Word is one word with the punctuation that clings to it.
type Word struct {
	// Start and End lie inside the segment; no word starts before the one in
	// front of it ends.
	Start, End time.Duration
	// Text holds no space and is valid UTF-8.
	Text string
	// Probability in [0,1] is the mean of its tokens'.
	Probability float32
}

// LanguageProbability is one candidate's share in a detection.
type LanguageProbability struct {
	// Language is an ISO 639-1 code.
	Language string
	// Probability in [0,1]; the candidates' sum to 1.
	Probability float32
}
