package transcriber_test

import (
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/catalog"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestTranscriber_namesTheSpeakerOfAChannel(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	left, right, mix := speak(0).say(t, 1, 10), speak(0).say(t, 2, 10), speak(9_000).say(t, 3, 3)
	left.chunk.Channel, right.chunk.Channel = 1, 2
	record := r.accept(t, &jobv1.Options{Language: "en", SplitChannels: true}, left, right, mix)
	r.start(t)

	r.queue(t, record, 0, 1, 2)

	for n, want := range []string{"A", "B", ""} {
		_, said := r.result(t, record, uint32(n))
		for _, s := range said.GetSegments() {
			if s.GetSpeaker() != want {
				t.Errorf("chunk %d is said by %q, want %q", n, s.GetSpeaker(), want)
			}
		}
	}
}

func TestTranscriber_countsChannelsAsOneRecording(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := speak(0).say(t, 1, 10)
	p.chunk.Channel = 1
	record := r.acceptPlan(t, &jobv1.Options{Language: "en"}, &jobv1.Plan{Channels: []*jobv1.Loudness{{}, {}}}, p)
	r.start(t)

	r.queue(t, record, 0)
	result, _ := r.result(t, record, 0)

	if want := p.chunk.GetEndMs() / 2; result.GetAudioMs() != want {
		t.Errorf("%d ms count, want half of the chunk, %d", result.GetAudioMs(), want)
	}
}

func TestTranscriber_tellsATranslationFromWhatWasSaid(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	record := r.accept(t, &jobv1.Options{Language: "ru", Translate: true}, speak(0).say(t, 1, 10))
	r.start(t)

	r.queue(t, record, 0)
	result, said := r.result(t, record, 0)

	if result.GetLanguage() != "ru" {
		t.Errorf("the chunk is spoken in %q", result.GetLanguage())
	}
	for _, s := range said.GetSegments() {
		if s.GetLanguage() != "en" || s.GetSourceLanguage() != "ru" || strings.ContainsAny(s.GetText(), "абвгдеиклмнопрстуя") {
			t.Errorf("segment %v", s)
		}
	}
}

func TestTranscriber_callsTheTextOfAModelThatCannotTranslateByItsLanguage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cannot := false
	models := r.catalog.Models()
	for n := range models {
		models[n].Translates = &cannot
	}
	var err error
	if r.catalog, err = catalog.New(models...); err != nil {
		t.Fatal(err)
	}
	record := r.accept(t, &jobv1.Options{Language: "ru", Translate: true}, speak(0).say(t, 1, 10))
	r.start(t)

	r.queue(t, record, 0)
	_, said := r.result(t, record, 0)

	if s := said.GetSegments()[0]; s.GetLanguage() != "ru" || s.GetSourceLanguage() != "" {
		t.Errorf("segment %v", s)
	}
}

func TestTranscriber_warnsOfKeywordsThatDoNotFit(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var keywords []string
	for range 150 {
		keywords = append(keywords, "Steno")
	}
	many := r.accept(t, &jobv1.Options{Language: "en", Keywords: keywords}, speak(0).say(t, 1, 10))
	few := r.accept(t, &jobv1.Options{Language: "en", Keywords: keywords[:10]}, speak(0).say(t, 1, 10))
	r.start(t)

	r.queue(t, many, 0)
	r.queue(t, few, 0)

	result, _ := r.result(t, many, 0)
	if got := result.GetWarnings(); len(got) != 1 || got[0] != "Of the 150 keywords only the first 100 could be used." {
		t.Errorf("warnings %q", got)
	}
	if result, _ := r.result(t, few, 0); len(result.GetWarnings()) != 0 {
		t.Errorf("warnings %q", result.GetWarnings())
	}
}
