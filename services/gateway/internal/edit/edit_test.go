package edit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/edit"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render"
)

// said is a segment with words of 400 ms each.
func said(start int64, speaker, text string) *jobv1.Segment {
	words := strings.Fields(text)
	s := &jobv1.Segment{StartMs: start, EndMs: start + 400*int64(len(words)), Text: text, Language: "en", Speaker: speaker, AvgLogprob: -0.5}
	for n, word := range words {
		at := start + 400*int64(n)
		s.Words = append(s.Words, &jobv1.Word{StartMs: at, EndMs: at + 400, Text: word, Probability: 0.5})
	}
	return s
}

func transcriptOf(segments ...*jobv1.Segment) *jobv1.Transcript {
	return &jobv1.Transcript{Language: "en", DurationMs: 20_000, Model: "demo", Engine: "e", ModelSha256: "s", Segments: segments}
}

func same(s *jobv1.Segment) edit.Segment {
	return edit.Segment{StartMs: s.GetStartMs(), EndMs: s.GetEndMs(), Text: s.GetText()}
}

// times writes words with their times, for example "one 0-400, two 400-800".
func times(s *jobv1.Segment) string {
	var all []string
	for _, w := range s.GetWords() {
		all = append(all, fmt.Sprintf("%s %d-%d", w.GetText(), w.GetStartMs(), w.GetEndMs()))
	}
	return strings.Join(all, ", ")
}

func TestApply_changesNothingOfWhatIsTheSame(t *testing.T) {
	t.Parallel()
	old := transcriptOf(said(0, "A", "One two."), said(5000, "B", "Три четыре."))

	got := edit.Apply(old, []edit.Segment{same(old.GetSegments()[0]), same(old.GetSegments()[1])})

	if !proto.Equal(got, old) {
		t.Errorf("got  %v\nwant %v", got, old)
	}
}

func TestApply_findsWordsAgain(t *testing.T) {
	t.Parallel()
	old := transcriptOf(said(1000, "A", "The quick brown fox jumps."), said(5000, "B", "It sleeps now."))
	for name, c := range map[string]struct {
		start, end int64
		text, want string
	}{
		"one corrected":       {1000, 3000, "The quick browne fox jumps.", "The 1000-1400, quick 1400-1800, browne 1800-2200, fox 2200-2600, jumps. 2600-3000"},
		"punctuation only":    {1000, 3000, "The quick, brown fox jumps!", "The 1000-1400, quick, 1400-1800, brown 1800-2200, fox 2200-2600, jumps! 2600-3000"},
		"one became two":      {1000, 3000, "The quick bro wnn fox jumps.", "The 1000-1400, quick 1400-1800, bro 1800-2000, wnn 2000-2200, fox 2200-2600, jumps. 2600-3000"},
		"one left out":        {1000, 3000, "The quick fox jumps.", "The 1000-1400, quick 1400-1800, fox 2200-2600, jumps. 2600-3000"},
		"all new":             {1000, 3000, "aaaa bb aa", "aaaa 1000-2000, bb 2000-2500, aa 2500-3000"},
		"moved":               {1200, 3000, "The quick brown fox jumps.", "The 1200-1400, quick 1400-1800, brown 1800-2200, fox 2200-2600, jumps. 2600-3000"},
		"first half":          {1000, 1800, "The quick", "The 1000-1400, quick 1400-1800"},
		"two segments joined": {1000, 6200, "The quick brown fox jumps. It sleeps now.", "The 1000-1400, quick 1400-1800, brown 1800-2200, fox 2200-2600, jumps. 2600-3000, It 5000-5400, sleeps 5400-5800, now. 5800-6200"},
		"where nobody spoke":  {9000, 10_000, "Hm hm", "Hm 9000-9500, hm 9500-10000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := edit.Apply(old, []edit.Segment{{StartMs: c.start, EndMs: c.end, Text: c.text}}).GetSegments()[0]
			if times(got) != c.want || got.GetLanguage() != "en" || got.GetText() != c.text {
				t.Errorf("got  %s\nwant %s", times(got), c.want)
			}
		})
	}
}

func TestApply_takesTheSpeakerOfBeforeUnlessOneIsNamed(t *testing.T) {
	t.Parallel()
	old := transcriptOf(said(1000, "A", "One two."), said(5000, "B", "Three four."))
	nobody, carol := "", "Carol"

	got := edit.Apply(old, []edit.Segment{
		{StartMs: 900, EndMs: 1900, Text: "One too."}, {StartMs: 1900, EndMs: 2000, Text: "Hm.", Speaker: &nobody},
		{StartMs: 5000, EndMs: 5800, Text: "Three four.", Speaker: &carol},
	}).GetSegments()

	if got[0].GetSpeaker() != "A" || got[1].GetSpeaker() != "" || got[2].GetSpeaker() != "Carol" {
		t.Errorf("got %v", got)
	}
	if got[0].GetAvgLogprob() != 0 || got[2].GetAvgLogprob() != -0.5 {
		t.Errorf("measures %v and %v", got[0].GetAvgLogprob(), got[2].GetAvgLogprob())
	}
}

func TestParse_refuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 10_001)
	for body, want := range map[string]string{
		`{}`:                                 "invalid_json",
		`{"segments":null}`:                  "invalid_json",
		`{"segments":[{}]}`:                  "invalid_json",
		`{"segments":[null]}`:                "invalid_json",
		`{"segments":[{"start":0,"end":1}]}`: "invalid_json",
		`{"segments":[{"start":1,"end":0.5,"text":"a"}]}`:                                "invalid_segments",
		`{"segments":[{"start":-1,"end":0.5,"text":"a"}]}`:                               "invalid_segments",
		`{"segments":[{"start":1,"end":10.001,"text":"a"}]}`:                             "invalid_segments",
		`{"segments":[{"start":1e300,"end":1e301,"text":"a"}]}`:                          "invalid_segments",
		`{"segments":[{"start":1,"end":2,"text":" \n\u0001 "}]}`:                         "invalid_segments",
		`{"segments":[{"start":1,"end":2,"text":"a"},{"start":0.5,"end":2,"text":"b"}]}`: "invalid_segments",
		`{"segments":[{"start":1,"end":2,"text":"` + long + `"}]}`:                       "invalid_segments",
		`{"segments":[{"start":1,"end":2,"text":"a","speaker":"` + long + `"}]}`:         "invalid_segments",
		`{"segments":[]}`: "",
		`{"segments":[{"start":1,"end":2,"text":"a"},{"start":1,"end":1,"text":"b","other":1}]}`: "",
	} {
		var sent edit.Body
		if err := json.Unmarshal([]byte(body), &sent); err != nil {
			t.Fatal(err)
		}
		_, err := edit.Parse(sent, 10_000)
		if err == nil != (want == "") || err != nil && fault.Of(err).Code != want {
			t.Errorf("%.80s: %v, want %q", body, err, want)
		}
	}
}

// FuzzParse takes whatever a stranger sends: what is let through can be applied and
// written in every format, with times in order.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"segments":[{"start":1,"end":2.5,"text":"The quick\u0000 browne fox","speaker":"A"},{"start":2,"end":9,"text":"<&> 世界 now."}]}`))
	f.Add([]byte(`{"segments":[{"start":0,"end":0,"text":"a b c"},{"start":0,"end":20,"text":"The The The quick quick"}]}`))
	old := transcriptOf(said(1000, "A", "The quick brown fox jumps."), said(2500, "B", "It sleeps now."), said(2600, "A", "So it does."))
	f.Fuzz(func(t *testing.T, data []byte) {
		var sent edit.Body
		if json.Unmarshal(data, &sent) != nil {
			return
		}
		segments, err := edit.Parse(sent, old.GetDurationMs())
		if err != nil {
			return
		}
		made := edit.Apply(old, segments)
		for _, s := range made.GetSegments() {
			last := s.GetStartMs()
			for _, w := range s.GetWords() {
				if w.GetStartMs() < last || w.GetEndMs() < w.GetStartMs() || w.GetEndMs() > s.GetEndMs() {
					t.Fatalf("words out of order: %v", s)
				}
				last = w.GetEndMs()
			}
		}
		for name := range strings.SplitSeq(render.Names(), ", ") {
			format, _ := render.Lookup(name)
			if err := format.Write(&bytes.Buffer{}, render.Document{Transcript: made, WordTimes: true}); err != nil {
				t.Fatal(err)
			}
		}
	})
}
