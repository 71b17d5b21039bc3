package whisper

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

const (
	// defaultBeamSize is the width that the reference decoder uses.
	defaultBeamSize = 5
	// maxBeamSize is libwhisper's limit of decoders in one state.
	maxBeamSize = 8
	// maxPromptBytes is more than the 224 tokens that libwhisper can keep of a
	// prompt. Its tokenizer recurses over long words, so a longer one is cut here.
	maxPromptBytes = 4096
	// maxKeywordBytes bounds all keywords together, for the same reason.
	maxKeywordBytes = 8192
)

// Options say how to decode one window.
type Options struct {
	// Language is an ISO 639-1 code that the model accepts; required.
	Language string
	// Translate asks for English instead of what was said.
	Translate bool
	// Prompt steers vocabulary and style; only its end is kept when it is long.
	Prompt string
	// Keywords are a glossary; as many as there is room for are heeded, from the
	// first.
	Keywords []string
	// Temperature of sampling in [0,1]; 0 is deterministic.
	Temperature float32
	// BeamSize is 1 (greedy) to 8, or 0 for the default of 5.
	BeamSize int
	// FreshState asks for a state that no earlier call has used.
	FreshState bool
}

// checked returns the options with defaults filled in, or ErrInvalid.
// languages are those the model accepts.
func (o Options) checked(languages []string) (Options, error) {
	if err := checkLanguage(o.Language, languages); err != nil {
		return o, err
	}
	if t := float64(o.Temperature); math.IsNaN(t) || t < 0 || t > 1 {
		return o, fmt.Errorf("%w: temperature %v is not in [0,1]", ErrInvalid, o.Temperature)
	}
	if o.BeamSize < 0 || o.BeamSize > maxBeamSize {
		return o, fmt.Errorf("%w: beam size %d is not in [0,%d]", ErrInvalid, o.BeamSize, maxBeamSize)
	}
	if !isText(o.Prompt) {
		return o, fmt.Errorf("%w: prompt is not text", ErrInvalid)
	}
	if keywords := strings.Join(o.Keywords, " "); !isText(keywords) || len(keywords) > maxKeywordBytes {
		return o, fmt.Errorf("%w: keywords are not text of at most %d bytes", ErrInvalid, maxKeywordBytes)
	}

	o.Prompt = tail(o.Prompt, maxPromptBytes)
	if o.BeamSize == 0 {
		o.BeamSize = defaultBeamSize
	}
	// Sampling draws from a generator that lives in the state, so that only a
	// fresh one gives the same words every time.
	o.FreshState = o.FreshState || o.Temperature > 0
	return o, nil
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// checkLength refuses a window of n samples that is too short or too long.
func checkLength(n int) error {
	if n < MinSamples || n > MaxSamples {
		return fmt.Errorf("%w: %d samples are not in [%d,%d]", ErrInvalid, n, MinSamples, MaxSamples)
	}
	return nil
}

// tail returns the last whole characters of s in at most n bytes.
func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	s = s[len(s)-n:]
	for !utf8.RuneStart(s[0]) {
		s = s[1:]
	}
	return s
}
