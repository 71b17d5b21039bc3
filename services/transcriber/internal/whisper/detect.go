//go:build whisper

package whisper

// #include "binding.h"
import "C"

import (
	"context"
	"fmt"
	"slices"
)

// Detect tells how probable each candidate is the language of a window, most
// probable first. It runs the encoder once, which cannot be stopped half way.
//
// It returns ErrInvalid when the length is out of range, no candidate is given
// or one is unknown, ctx.Err() when ctx has ended, ErrOutOfMemory, or ErrEngine.
func (m *Model) Detect(ctx context.Context, samples []float32, candidates []string) ([]LanguageProbability, error) {
	if err := checkLength(len(samples)); err != nil {
		return nil, err
	}
	candidates, err := distinct(candidates, m.info.Languages)
	if err != nil {
		return nil, err
	}
	if len(candidates) == 1 {
		return []LanguageProbability{{Language: candidates[0], Probability: 1}}, nil
	}
	s, err := m.take(ctx)
	if err != nil {
		return nil, err
	}
	defer m.giveBack(s)
	if err := s.prepare(m.context, false); err != nil {
		return nil, err
	}

	all, err := m.languageProbabilities(ctx, s, samples)
	if err != nil {
		return nil, err
	}
	return share(candidates, func(code string) float32 {
		return all[slices.Index(m.info.Languages, code)]
	}), nil
}

// languageProbabilities returns one for each language id, which is the index in
// the model's list of languages.
func (m *Model) languageProbabilities(ctx context.Context, s *slot, samples []float32) ([]float32, error) {
	all := make([]float32, C.whisper_lang_max_id()+1)
	var code C.int
	stopped := s.abortable(ctx, func() {
		code = C.session_detect(s.session, (*C.float)(&samples[0]), C.int(len(samples)),
			C.int(m.threads), (*C.float)(&all[0]))
	})
	if stopped != nil {
		return nil, stopped
	}
	if code < 0 {
		return nil, fmt.Errorf("%w: language detection returned %d", ErrEngine, int(code))
	}
	return all, nil
}
