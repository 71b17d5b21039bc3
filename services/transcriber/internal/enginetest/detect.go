package enginetest

import (
	"math"
	"slices"
	"testing"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
)

func reportsWhatItLoaded(t *testing.T, e *suite) {
	info := e.Info()
	if info.GetEngine() == "" || info.GetModelType() == "" || info.GetLoadMs() < 0 || info.GetSlots() < 2 {
		t.Errorf("load report is %v", info)
	}
	for _, w := range e.windows {
		if !slices.Contains(info.GetLanguages(), w.Language) {
			t.Errorf("languages are %v, without %q", info.GetLanguages(), w.Language)
		}
	}
	named := func(d *enginev1.Device) bool { return d.GetName() == info.GetDevice() }
	if !slices.ContainsFunc(info.GetDevices(), named) {
		t.Errorf("device %q is not among %v", info.GetDevice(), info.GetDevices())
	}
}

func detectsLanguage(t *testing.T, e *suite) {
	for i, window := range e.windows {
		resp, err := e.DetectLanguage(t.Context(), &enginev1.DetectLanguageRequest{
			Pcm: window.PCM, Candidates: []string{"ru", "en"},
		})
		if err != nil {
			t.Fatalf("window %d: %v", i, err)
		}
		found := resp.GetLanguages()
		if len(found) != 2 || found[0].GetProbability() < found[1].GetProbability() {
			t.Fatalf("window %d: %v", i, found)
		}
		if found[0].GetLanguage() != window.Language {
			t.Errorf("window %d in %q is taken for %v", i, window.Language, found)
		}
		sum := float64(found[0].GetProbability() + found[1].GetProbability())
		if found[1].GetProbability() < 0 || math.Abs(sum-1) > 1e-4 {
			t.Errorf("window %d: the probabilities of %v sum to %v", i, found, sum)
		}
	}
}

func refusesBadCandidates(t *testing.T, e *suite) {
	for name, candidates := range map[string][]string{
		"none": nil, "unknown": {"en", "xx"}, "empty": {""}, "automatic": {"auto"},
	} {
		resp, err := e.DetectLanguage(t.Context(), &enginev1.DetectLanguageRequest{
			Pcm: e.windows[0].PCM, Candidates: candidates,
		})
		mustRefuse(t, name, resp, err)
	}
	resp, err := e.DetectLanguage(t.Context(), &enginev1.DetectLanguageRequest{
		Pcm: make([]byte, 2*1599), Candidates: []string{"en"},
	})
	mustRefuse(t, "too short", resp, err)
}
