package transcriber_test

import (
	"testing"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
)

func TestTranscriber_findsTheLanguageInTheLeadChunk(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	enginetest.SetScript(t, r.model("demo"), `{"detect": {"en": 0.3, "ru": 0.7}}`)
	record := r.accept(t, auto(), speak(0).say(t, 1, 5))
	r.start(t)

	r.queue(t, record, 0)
	result, said := r.result(t, record, 0)

	if p := result.GetLanguageProbability(); result.GetLanguage() != "ru" || p < 0.69 || p > 0.71 {
		t.Errorf("language %q at %v", result.GetLanguage(), p)
	}
	for _, s := range said.GetSegments() {
		if s.GetLanguage() != "ru" {
			t.Errorf("segment in %q", s.GetLanguage())
		}
	}
}

func TestTranscriber_deviatesFromTheJobOnlyForGoodReason(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		detect string
		words  int // three a second, about
		want   string
	}{
		"sure and long": {`{"en": 0.1, "ru": 0.9}`, 40, "ru"},
		"not sure":      {`{"en": 0.3, "ru": 0.7}`, 40, "en"},
		"short":         {`{"en": 0.1, "ru": 0.9}`, 5, "en"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			enginetest.SetScript(t, r.model("demo"), `{"detect": `+c.detect+`}`)
			record := r.accept(t, auto(), speak(0).say(t, 1, 60), speak(30_000).say(t, 2, c.words))
			r.change(t, record, func(j *jobv1.Job) { j.Language = "en" }) // by the lead chunk
			r.start(t)

			r.queue(t, record, 1)
			result, said := r.result(t, record, 1)

			if result.GetLanguage() != c.want || said.GetSegments()[0].GetLanguage() != c.want {
				t.Errorf("language %q, want %q", result.GetLanguage(), c.want)
			}
		})
	}
}

func TestTranscriber_asksTheLeadChunkWhenTheRecordLags(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	enginetest.SetScript(t, r.model("demo"), `{"detect": {"en": 0.3, "ru": 0.7}}`)
	record := r.accept(t, auto(), speak(0).say(t, 1, 60), speak(30_000).say(t, 2, 5))
	r.start(t)
	r.queue(t, record, 0)
	r.result(t, record, 0)

	r.queue(t, record, 1)
	result, _ := r.result(t, record, 1)

	if result.GetLanguage() != "ru" {
		t.Errorf("language %q, want that of the lead chunk", result.GetLanguage())
	}
}

func auto() *jobv1.Options {
	return &jobv1.Options{Language: "auto", Languages: []string{"en", "ru", "xx"}}
}
