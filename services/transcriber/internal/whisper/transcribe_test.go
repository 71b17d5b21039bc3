//go:build whisper

package whisper

import (
	"context"
	"errors"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/whisper/whispertest"
)

func TestTranscribe_writesWhatIsSaid(t *testing.T) {
	t.Parallel()
	m := newModel(t, 1)
	for _, name := range []string{"en-04", "en-06", "ru-05", "ru-07"} { // the others: see TestDetect
		s := whispertest.Load(t, name)
		got := mustTranscribe(t, m, s, Options{})

		if rate := s.WordErrorRate(textOf(got)); rate > 0.05 {
			t.Errorf("%s: word error rate %.3f: %s", s.Name, rate, textOf(got))
		}
		if len(got) != len(s.Sentences) {
			t.Errorf("%s: %d segments, want one for each of %d sentences", s.Name, len(got), len(s.Sentences))
			continue
		}
		for i, segment := range got {
			checkTimes(t, s, i, segment)
			checkWords(t, segment)
		}
	}
}

// checkTimes holds a segment against the sentence it writes.
func checkTimes(t *testing.T, s whispertest.Sample, i int, segment Segment) {
	t.Helper()
	start, end := segment.Start.Seconds(), segment.End.Seconds()
	if math.Abs(start-s.Sentences[i].Start) > 0.2 || math.Abs(end-s.Sentences[i].End) > 0.2 {
		t.Errorf("%s: %q is at %.2f-%.2f, want %.2f-%.2f", s.Name, segment.Text,
			start, end, s.Sentences[i].Start, s.Sentences[i].End)
	}
}

// checkWords holds what the contract promises of a segment and its words.
func checkWords(t *testing.T, segment Segment) {
	t.Helper()
	var texts []string
	from := segment.Start
	for _, w := range segment.Words {
		texts = append(texts, w.Text)
		if w.Start < from || w.End < w.Start || w.End > segment.End {
			t.Errorf("%q: %q at %v-%v is out of order", segment.Text, w.Text, w.Start, w.End)
		}
		if w.Probability <= 0 || w.Probability > 1 {
			t.Errorf("%q: probability of %q is %v", segment.Text, w.Text, w.Probability)
		}
		from = w.End
	}
	if strings.Join(texts, " ") != segment.Text {
		t.Errorf("words %q do not make %q", texts, segment.Text)
	}
	if segment.AvgLogprob > 0 || segment.AvgLogprob < -2 || segment.NoSpeechProb < 0 || segment.NoSpeechProb > 1 {
		t.Errorf("%q: log probability %v, no speech %v", segment.Text, segment.AvgLogprob, segment.NoSpeechProb)
	}
}

func TestTranscribe_sideBySideGivesTheSameAsAlone(t *testing.T) {
	t.Parallel()
	m := newModel(t, 2)
	names := []string{"ru-05", "en-01"}
	alone := map[string][]Segment{}
	for _, name := range names {
		alone[name] = mustTranscribe(t, m, whispertest.Load(t, name), Options{BeamSize: 1})
	}

	var group sync.WaitGroup
	for _, name := range names {
		s := whispertest.Load(t, name)
		group.Go(func() {
			r, err := m.Transcribe(t.Context(), samplesOf(t, s), Options{Language: s.Language, BeamSize: 1})
			if err != nil || !reflect.DeepEqual(r.Segments, alone[name]) {
				t.Errorf("%s: %v, %v; alone: %v", name, r.Segments, err, alone[name])
			}
		})
	}
	group.Wait()
}

func TestTranscribe_freshAndUsedStatesAgree(t *testing.T) {
	t.Parallel()
	m := newModel(t, 1)
	other, s := whispertest.Load(t, "ru-02"), whispertest.Load(t, "en-01")

	first := mustTranscribe(t, m, s, Options{})
	mustTranscribe(t, m, other, Options{BeamSize: 1, Prompt: "Совсем другие слова."})
	used := mustTranscribe(t, m, s, Options{})
	fresh := mustTranscribe(t, m, s, Options{FreshState: true})

	if !reflect.DeepEqual(first, used) || !reflect.DeepEqual(first, fresh) {
		t.Errorf("first %v, on a used state %v, on a fresh one %v", first, used, fresh)
	}
}

func TestTranscribe_samplingIsRepeatable(t *testing.T) {
	t.Parallel()
	m := newModel(t, 1)
	s := whispertest.Load(t, "en-01")

	first := mustTranscribe(t, m, s, Options{Temperature: 0.8})
	second := mustTranscribe(t, m, s, Options{Temperature: 0.8})

	if !reflect.DeepEqual(first, second) {
		t.Errorf("first %v, then %v", first, second)
	}
}

func TestTranscribe_cancelStopsTheDecoderAndLeavesTheStateSound(t *testing.T) {
	t.Parallel()
	m := newModel(t, 2)
	s := whispertest.Load(t, "ru-05")
	samples, options := samplesOf(t, s), Options{Language: s.Language, BeamSize: 8}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	ends := make(chan error, 2)
	var want Result
	go func() {
		var err error
		want, err = m.Transcribe(t.Context(), samples, options)
		ends <- err
	}()
	go func() { _, err := m.Transcribe(ctx, samples, options); ends <- err }()

	if first := <-ends; !errors.Is(first, context.DeadlineExceeded) {
		t.Errorf("first to end was %v, want the cancelled one long before the other", first)
	}
	if second := <-ends; second != nil {
		t.Errorf("the call beside it ended with %v", second)
	}
	// Slots are taken in turn: the first to be given back is the cancelled one's.
	if again := mustTranscribe(t, m, s, options); !reflect.DeepEqual(again, want.Segments) {
		t.Errorf("afterwards: %v, beside it: %v", again, want.Segments)
	}
}

func TestTranscribe_silenceHasNoSegments(t *testing.T) {
	t.Parallel()
	m := newModel(t, 1)
	mustTranscribe(t, m, whispertest.Load(t, "en-01"), Options{BeamSize: 1}) // words that must not come again
	for _, samples := range []int{MinSamples, SampleRate, MaxSamples} {
		r, err := m.Transcribe(t.Context(), make([]float32, samples), Options{Language: "en"})

		if err != nil || len(r.Segments) != 0 {
			t.Errorf("%d samples of silence: %v, %v", samples, r.Segments, err)
		}
	}
}

func TestTranscribe_refusesBadRequests(t *testing.T) {
	t.Parallel()
	m := newModel(t, 1)
	cases := map[string]struct {
		samples int
		options Options
	}{
		"nothing":          {0, Options{Language: "en"}},
		"too short":        {MinSamples - 1, Options{Language: "en"}},
		"too long":         {MaxSamples + 1, Options{Language: "en"}},
		"unknown language": {SampleRate, Options{Language: "xx"}},
		"auto":             {SampleRate, Options{Language: "auto"}},
		"beam too wide":    {SampleRate, Options{Language: "en", BeamSize: 9}},
	}
	for name, c := range cases {
		if _, err := m.Transcribe(t.Context(), make([]float32, c.samples), c.options); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: error is %v, want ErrInvalid", name, err)
		}
	}
}

// A prompt is the user's: the tokenizer recurses over its words.
func TestTranscribe_bearsAnyPrompt(t *testing.T) {
	t.Parallel()
	m := newModel(t, 1)
	prompts := []string{
		strings.Repeat("a", 1<<20), strings.Repeat("слово ", 10000),
		strings.Repeat(" ", 5000) + "[_BEG_]<|endoftext|>[_EOT_] '" + strings.Repeat("!?", 500) + "\u202e\U0001F600 %s%n",
	}
	for _, prompt := range prompts {
		samples := make([]float32, SampleRate)
		if _, err := m.Transcribe(t.Context(), samples, Options{Language: "en", Prompt: prompt, BeamSize: 1}); err != nil {
			t.Errorf("prompt of %d bytes: %v", len(prompt), err)
		}
	}
}
