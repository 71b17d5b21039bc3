//go:build whisper

package whisper

// #include <stdlib.h>
// #include "binding.h"
import "C"

import (
	"context"
	"fmt"
	"time"
	"unsafe"
)

// Transcribe decodes one window. It waits for a free slot, and it may be called
// side by side; samples are mono at SampleRate in [-1,1] and are not kept.
//
// It returns ErrInvalid when an option or the length is out of range, ctx.Err()
// when ctx ends first, ErrOutOfMemory, or ErrEngine.
func (m *Model) Transcribe(ctx context.Context, samples []float32, options Options) (Result, error) {
	if err := checkLength(len(samples)); err != nil {
		return Result{}, err
	}
	options, err := options.checked(m.info.Languages)
	if err != nil {
		return Result{}, err
	}
	s, err := m.take(ctx)
	if err != nil {
		return Result{}, err
	}
	defer m.giveBack(s)
	if err := s.prepare(m.context, options.FreshState); err != nil {
		return Result{}, err
	}

	began := time.Now()
	prompt := m.prompt(options)
	raw, err := m.decode(ctx, s, samples, options, prompt.text)
	if err != nil {
		return Result{}, err
	}
	return Result{
		Segments: newSegments(raw, samples), Took: time.Since(began),
		PromptTokens: prompt.tokens, KeywordsUsed: prompt.keywords,
	}, nil
}

// prompt is what the decoder is given to go by.
type prompt struct {
	text             string
	tokens, keywords int // of it that are heeded
}

// prompt makes one of the options.
func (m *Model) prompt(options Options) prompt {
	if options.Temperature >= promptless {
		return prompt{}
	}
	room := int(C.prompt_room(m.context))
	text, keywords := fitPrompt(options.Prompt, options.Keywords, room, m.countTokens)
	return prompt{text: text, tokens: min(room, m.countTokens(text)), keywords: keywords}
}

func (m *Model) countTokens(text string) int {
	if text == "" {
		return 0
	}
	raw := C.CString(text)
	defer C.free(unsafe.Pointer(raw))
	return int(C.prompt_tokens(m.context, raw))
}

// decode runs the decoder on s and copies what it said.
func (m *Model) decode(ctx context.Context, s *slot, samples []float32, options Options, text string) ([]rawSegment, error) {
	language, prompt := C.CString(options.Language), C.CString(text)
	defer C.free(unsafe.Pointer(language))
	defer C.free(unsafe.Pointer(prompt))
	how := &C.struct_decode_options{
		language:    language,
		prompt:      prompt,
		translate:   C.bool(options.Translate),
		temperature: C.float(options.Temperature),
		beam_size:   C.int(options.BeamSize),
		threads:     C.int(m.threads),
	}

	result := new(C.struct_decoded)
	var code C.int
	stopped := s.abortable(ctx, func() {
		code = C.session_decode(s.session, how, (*C.float)(&samples[0]), C.int(len(samples)), result)
	})
	defer C.decoded_free(result)

	if code == C.DECODE_STATE_LOST {
		s.close() // libwhisper has freed the state by itself
	}
	switch {
	case stopped != nil:
		return nil, stopped
	case code == C.DECODE_STATE_LOST, code == C.DECODE_NO_MEMORY:
		return nil, ErrOutOfMemory
	case code != 0:
		return nil, fmt.Errorf("%w: decoder returned %d", ErrEngine, int(code))
	}
	return goSegments(result), nil
}

// goSegments copies the flat arrays of C into Go's memory.
func goSegments(result *C.struct_decoded) []rawSegment {
	segments := unsafe.Slice(result.segments, result.segment_count)
	tokens := unsafe.Slice(result.tokens, result.token_count)

	list := make([]rawSegment, len(segments))
	for i, s := range segments {
		list[i] = rawSegment{
			start:        hundredths(s.t0),
			end:          hundredths(s.t1),
			noSpeechProb: float32(result.no_speech),
			tokens:       goTokens(tokens[s.first_token:s.first_token+s.token_count], result.text),
		}
	}
	return list
}

func goTokens(tokens []C.struct_decoded_token, text *C.char) []token {
	list := make([]token, len(tokens))
	for i, t := range tokens {
		from := unsafe.Add(unsafe.Pointer(text), t.text_from)
		list[i] = token{
			text:        C.GoBytes(from, C.int(t.text_size)),
			probability: float32(t.p),
			logprob:     float32(t.plog),
		}
	}
	return list
}

// hundredths turns libwhisper's unit of time into a duration.
func hundredths(t C.int64_t) time.Duration {
	return time.Duration(t) * 10 * time.Millisecond
}
