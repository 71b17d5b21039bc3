package whisper

import (
	"cmp"
	"fmt"
	"slices"
)

// checkLanguage returns ErrInvalid for a code that is not among languages.
// libwhisper would take it silently and decode from a wrong token.
func checkLanguage(code string, languages []string) error {
	if !slices.Contains(languages, code) {
		return fmt.Errorf("%w: unknown language %q", ErrInvalid, code)
	}
	return nil
}

// distinct returns the candidates without repetitions, or ErrInvalid when there
// is none or one is unknown.
func distinct(candidates, languages []string) ([]string, error) {
	if len(candidates) == 0 {
		return nil, fmt.Errorf("%w: no candidate language", ErrInvalid)
	}
	var list []string
	for _, code := range candidates {
		if err := checkLanguage(code, languages); err != nil {
			return nil, err
		}
		if !slices.Contains(list, code) {
			list = append(list, code)
		}
	}
	return list, nil
}

// share scales what the model gives each candidate so that they sum to 1, and
// sorts them, most probable first.
func share(candidates []string, probability func(code string) float32) []LanguageProbability {
	list := make([]LanguageProbability, len(candidates))
	var sum float32
	for i, code := range candidates {
		list[i] = LanguageProbability{Language: code, Probability: probability(code)}
		sum += list[i].Probability
	}
	for i := range list {
		if sum > 0 {
			list[i].Probability /= sum
		} else {
			list[i].Probability = 1 / float32(len(list))
		}
	}
	slices.SortStableFunc(list, func(a, b LanguageProbability) int {
		return cmp.Compare(b.Probability, a.Probability)
	})
	return list
}
