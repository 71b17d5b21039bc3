package quality_test

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/quality"
)

// judged is a segment with its flags; level is that of the sound beneath, in dBFS.
func judged(text string, logprob, noSpeech float32, level float64) *jobv1.Segment {
	s := &jobv1.Segment{Text: text, EndMs: 1000, AvgLogprob: logprob, NoSpeechProb: noSpeech}
	quality.Judge([]*jobv1.Segment{s}, func(int64, int64) float64 { return level }, -50)
	return s
}

func TestJudge_flagsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		segment *jobv1.Segment
		want    string
	}{
		"good speech":                   {judged("Good morning everyone.", -0.3, 0.02, -20), ""},
		"good though the model doubts":  {judged("Good morning everyone.", -0.3, 0.9, -20), ""},
		"no words":                      {judged("", 0, 0, -20), ""},
		"a loop":                        {judged(strings.Repeat("five ", 9), -0.1, 0.02, -20), "loop"},
		"a dense text":                  {judged(strings.Repeat("one two three four five six seven eight nine ten eleven ", 4), -0.1, 0, -20), "loop"},
		"mumbling":                      {judged("Good morning.", -1.2, 0.02, -20), "low_confidence"},
		"mumbling where nobody speaks":  {judged("Good morning.", -1.2, 0.7, -20), "low_confidence no_speech"},
		"words over silence":            {judged("Good morning.", -0.3, 0.7, -60), "no_speech low_energy"},
		"thanks for watching":           {judged("THANKS for watching!", -0.3, 0.02, -20), "boilerplate"},
		"credits":                       {judged("Субтитры сделал DimaTorzok", -0.3, 0.7, -20), "no_speech boilerplate"},
		"credits of an editor":          {judged("Редактор субтитров А.Семкин Корректор А.Егорова", -0.3, 0, -20), "boilerplate"},
		"a sentence that begins so":     {judged("Translated by machines, texts lose what their authors meant.", -0.3, 0, -20), ""},
		"to be continued":               {judged("Продолжение следует…", -0.3, 0.7, -20), "no_speech boilerplate"},
		"to be continued, said by some": {judged("Продолжение следует.", -0.3, 0.02, -20), ""},
		"thank you":                     {judged("Thank you.", -0.3, 0.02, -20), ""},
		"thank you, out of nothing":     {judged("Thank you.", -0.3, 0.02, -60), "boilerplate low_energy"},
	} {
		if got := strings.Join(c.segment.GetFlags(), " "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestFlags_areEachOnce(t *testing.T) {
	t.Parallel()

	got := quality.Flags([]*jobv1.Segment{{Flags: []string{"low_energy"}}, {}, {Flags: []string{"loop", "low_energy"}}})

	if !slices.Equal(got, []string{"loop", "low_energy"}) {
		t.Errorf("got %v", got)
	}
}

func TestDoubt_flagsWordsThatComeOutOtherEachTime(t *testing.T) {
	t.Parallel()
	first := []*jobv1.Segment{{Text: "Good five five five five five five."}}
	for text, want := range map[string]string{
		"Good five minutes, morning.": "",
		"The table is red.":           "low_confidence",
	} {
		drawn := []*jobv1.Segment{{Text: text}}

		quality.Doubt(drawn, first)

		if got := strings.Join(drawn[0].GetFlags(), " "); got != want {
			t.Errorf("%q: flags %q, want %q", text, got, want)
		}
	}
}

func TestBetter_weighsTwoDecodings(t *testing.T) {
	t.Parallel()
	plain := func(text string, logprob float32) []*jobv1.Segment {
		return []*jobv1.Segment{{Text: text, AvgLogprob: logprob}}
	}
	flagged := func(text string, logprob float32) []*jobv1.Segment {
		return []*jobv1.Segment{{Text: text, AvgLogprob: logprob, Flags: []string{"loop"}}}
	}
	for name, c := range map[string]struct {
		second, first []*jobv1.Segment
		want          bool
	}{
		"nothing is never better":          {nil, flagged("five five five", -2), false},
		"sound words over a loop":          {plain("One two.", -0.5), flagged("five five five", -0.1), true},
		"fewer sound words":                {plain("One.", -0.1), append(plain("One two.", -0.5), flagged("x", -2)...), false},
		"a shorter loop":                   {flagged("a a a a a a", -0.5), flagged("a a a a a a a", -0.1), true},
		"as many words, surer":             {flagged("One two.", -1.1), flagged("One too.", -1.5), true},
		"as many words, as sure":           {flagged("One two.", -1.5), flagged("One too.", -1.5), false},
		"as many sound words, more unsure": {plain("One two.", -0.9), plain("One two.", -0.5), false},
	} {
		if got := quality.Better(c.second, c.first); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// tone is a square wave of an amplitude, without offset.
func tone(ms int, amplitude int16) []byte {
	var pcm []byte
	for n := range ms * 16 {
		sample := amplitude
		if n/8%2 == 1 {
			sample = -amplitude
		}
		pcm = binary.LittleEndian.AppendUint16(pcm, uint16(sample))
	}
	return pcm
}

func TestLevel_isThatOfTheLoudestSyllable(t *testing.T) {
	t.Parallel()
	pcm := slices.Concat(tone(1000, 0), tone(100, 1<<14), tone(1000, 33))
	for name, c := range map[string]struct {
		from, to int64
		want     float64
	}{
		"silence":              {0, 700, quality.LowestDB},
		"silence and a bang":   {0, 2000, -6.02},
		"the end":              {1200, 2100, -59.94},
		"a moment is widened":  {1050, 1060, -6.02},
		"beyond the recording": {5000, 6000, quality.LowestDB},
		"before it":            {-900, -300, quality.LowestDB},
		"backwards":            {800, 300, quality.LowestDB},
	} {
		if got := quality.Level(pcm, c.from, c.to); math.Abs(got-c.want) > 0.3 {
			t.Errorf("%s: %.2f dB, want %.2f", name, got, c.want)
		}
	}
}
