package cue_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render/cue"
)

// spoken makes one segment of a text, 300 ms a word with 50 ms between them.
func spoken(startMS int64, text string) *jobv1.Segment {
	segment := &jobv1.Segment{StartMs: startMS, Text: text}
	for _, word := range strings.Fields(text) {
		segment.Words = append(segment.Words, &jobv1.Word{StartMs: startMS, EndMs: startMS + 300, Text: word})
		segment.EndMs = startMS + 300
		startMS += 350
	}
	return segment
}

func texts(cues []cue.Cue) []string {
	var all []string
	for _, c := range cues {
		all = append(all, c.Text())
	}
	return all
}

func TestBuild_breaksWhereAReaderWould(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		want []string
	}{
		"short sentence on one line": {
			"The lecture ends at six on Tuesday.",
			[]string{"The lecture ends at six on Tuesday."},
		},
		"two lines, cut after the comma": {
			"When the lecture ended on Tuesday, we went to the station.",
			[]string{"When the lecture ended on Tuesday,\nwe went to the station."},
		},
		"no line ends with a preposition or article": {
			"Nina bought a very small orange table for the big office.",
			[]string{"Nina bought a very small orange table\nfor the big office."},
		},
		"two cues, cut at the clause": {
			"The room number is sixteen, and the meeting begins at two on Wednesday, " +
				"so please bring your files and the ninety books.",
			[]string{
				"The room number is sixteen, and the\nmeeting begins at two on Wednesday,",
				"so please bring your files\nand the ninety books.",
			},
		},
		"Russian": {
			"Когда закончилась лекция, мы поехали на вокзал, потому что поезд отправлялся в семь часов вечера.",
			[]string{"Когда закончилась лекция,\nмы поехали на вокзал,", "потому что поезд отправлялся\nв семь часов вечера."},
		},
		"no word left alone": {
			"We have been waiting here since the early morning and nobody has told us anything about the delayed train yesterday.",
			[]string{
				"We have been waiting here\nsince the early morning",
				"and nobody has told us anything\nabout the delayed train yesterday.",
			},
		},
		"a word longer than a line": {
			"See https://example.com/a/very/long/path/that/does/not/fit/anywhere now.",
			[]string{"See", "https://example.com/a/very/long/path/that/\ndoes/not/fit/anywhere now."},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := texts(cue.Build([]*jobv1.Segment{spoken(0, tc.text)}, cue.Defaults()))
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %q\nwant %q", got, tc.want)
			}
		})
	}
}

func TestBuild_keepsSentencesApart(t *testing.T) {
	t.Parallel()
	cues := cue.Build([]*jobv1.Segment{spoken(0, "Yes, I can."), spoken(1200, "Where is it?")}, cue.Defaults())
	if got, want := texts(cues), []string{"Yes, I can.", "Where is it?"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBuild_joinsASentenceThatSegmentsCut(t *testing.T) {
	t.Parallel()
	cues := cue.Build([]*jobv1.Segment{spoken(0, "The room"), spoken(700, "is here.")}, cue.Defaults())
	if got, want := texts(cues), []string{"The room is here."}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBuild_endsACueAtALongPauseAndAtAnotherSpeaker(t *testing.T) {
	t.Parallel()
	other := spoken(5000, "not you")
	other.Speaker = "B"
	cues := cue.Build([]*jobv1.Segment{spoken(0, "well"), spoken(3000, "I mean"), other}, cue.Defaults())
	if got, want := texts(cues), []string{"well", "I mean", "not you"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBuild_writesWordsTogetherWhereTheTextDoes(t *testing.T) {
	t.Parallel()
	segment := &jobv1.Segment{EndMs: 900, Text: "你好世界。", Words: []*jobv1.Word{
		{StartMs: 0, EndMs: 400, Text: "你好"}, {StartMs: 400, EndMs: 900, Text: "世界。"},
	}}
	cues := cue.Build([]*jobv1.Segment{segment}, cue.Defaults())
	if got := texts(cues); !slices.Equal(got, []string{"你好世界。"}) {
		t.Errorf("got %q", got)
	}
}

func TestBuild_spreadsASegmentWithoutWords(t *testing.T) {
	t.Parallel()
	segment := &jobv1.Segment{StartMs: 1000, EndMs: 9000, Text: strings.Repeat("word ", 24) + "end."}
	cues := cue.Build([]*jobv1.Segment{segment}, cue.Defaults())
	if len(cues) != 2 || cues[0].StartMS != 1000 || cues[1].EndMS != 9000 || cues[1].StartMS < 3000 {
		t.Errorf("got %+v", cues)
	}
}

func TestBuild_showsCuesLongEnoughAndNotTooLong(t *testing.T) {
	t.Parallel()
	short := spoken(0, "Yes.") // 300 ms
	stuck := spoken(2000, "Well.")
	stuck.Words[0].EndMs = 60_000
	last := spoken(60_000, "No.")

	cues := cue.Build([]*jobv1.Segment{short, stuck, last}, cue.Defaults())

	want := []cue.Cue{
		{StartMS: 0, EndMS: 1000, Lines: []string{"Yes."}},
		{StartMS: 2000, EndMS: 9000, Lines: []string{"Well."}},
		{StartMS: 60_000, EndMS: 61_000, Lines: []string{"No."}},
	}
	if fmt.Sprint(cues) != fmt.Sprint(want) {
		t.Errorf("got %v\nwant %v", cues, want)
	}
}

func TestBuild_leavesAGapWhereThereIsRoom(t *testing.T) {
	t.Parallel()
	first, second := spoken(0, "One two three four."), spoken(1400, "Five.")
	first.Words[3].EndMs = 1390

	cues := cue.Build([]*jobv1.Segment{first, second}, cue.Defaults())

	if cues[0].EndMS != 1400-80 {
		t.Errorf("first cue ends at %d, want 80 ms before the second", cues[0].EndMS)
	}
}

func TestBuild_leavesTimeToReadWhatIsSpokenFast(t *testing.T) {
	t.Parallel()
	fast := spoken(0, "Incomprehensibilities notwithstanding.") // 38 characters in 650 ms
	crowded := spoken(10_000, "Incomprehensibilities notwithstanding.")
	next := spoken(11_000, "Yes.")

	cues := cue.Build([]*jobv1.Segment{fast, crowded, next}, cue.Defaults())

	if want := int64(2236); cues[0].EndMS != want { // 38/17 s
		t.Errorf("shown until %d ms, want %d", cues[0].EndMS, want)
	}
	if cues[1].EndMS != cues[2].StartMS {
		t.Errorf("without room it is shown until %d ms, want until the next at %d", cues[1].EndMS, cues[2].StartMS)
	}
}

func TestBuild_namesWhoSpeaksOnceATurn(t *testing.T) {
	t.Parallel()
	var segments []*jobv1.Segment
	for i, said := range []string{"A Hello.", "A Are you there?", "B Yes", "A Good.", " Noise."} {
		segment := spoken(int64(i)*3000, strings.TrimSpace(said[1:]))
		segment.Speaker = strings.TrimSpace(said[:1])
		segments = append(segments, segment)
	}
	options := cue.Defaults()
	options.Labels = true

	cues := cue.Build(segments, options)

	if got, want := texts(cues), []string{"A: Hello.", "Are you there?", "B: Yes", "A: Good.", "Noise."}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for i, c := range cues {
		if c.Speaker != segments[i].GetSpeaker() {
			t.Errorf("cue %d is said by %q, want %q", i, c.Speaker, segments[i].GetSpeaker())
		}
	}
}

func TestBuild_neverMixesSpeakersAcrossASegmentWithoutWords(t *testing.T) {
	t.Parallel()
	first, nothing, second := spoken(0, "well"), &jobv1.Segment{Speaker: "A"}, spoken(400, "not you")
	first.Speaker, second.Speaker = "A", "B"
	cues := cue.Build([]*jobv1.Segment{first, nothing, second}, cue.Defaults())
	if got, want := texts(cues), []string{"well", "not you"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzBuild makes any words at any times and checks what always holds.
func FuzzBuild(f *testing.F) {
	f.Add("The lecture ends. Yes, I can see it", int64(0), int64(300), uint8(42), uint8(2), uint8(5), uint16(1000), uint16(80), uint8(17), false)
	f.Add("a \x00 b\u2028c "+strings.Repeat("я", 100), int64(-5), int64(-9), uint8(3), uint8(1), uint8(1), uint16(0), uint16(0), uint8(0), true)
	f.Add("x y z", int64(1)<<62, int64(1)<<62, uint8(10), uint8(3), uint8(2), uint16(1), uint16(65_535), uint8(255), false)
	f.Add("Yes. No. Yes.", int64(0), int64(10), uint8(42), uint8(2), uint8(1), uint16(0), uint16(80), uint8(1), false)
	f.Fuzz(func(t *testing.T, text string, start, step int64, width, lines, perSegment uint8, shortest, gap uint16, cps uint8, labels bool) {
		o := cue.Defaults()
		o.MaxLineLength, o.MaxLines = 1+int(width)%60, 1+int(lines)%4
		o.MinDurationMS, o.MinGapMS, o.MaxCPS, o.Labels = int64(shortest), int64(gap), float64(cps), labels
		var segments []*jobv1.Segment
		for chunk := range slices.Chunk(strings.Split(text, " "), 1+int(perSegment)%20) {
			segment := &jobv1.Segment{Text: strings.Join(chunk, " "), StartMs: start, EndMs: start + step}
			for _, word := range chunk {
				segment.Words = append(segment.Words, &jobv1.Word{Text: word, StartMs: start, EndMs: start + step})
				start += step
			}
			segments = append(segments, segment)
		}

		cues := cue.Build(segments, o)

		checkLimits(t, cues, o)
		var got strings.Builder
		for _, c := range cues {
			got.WriteString(strings.Join(c.Lines, ""))
		}
		if want := visible(text); visible(got.String()) != want {
			t.Errorf("words are lost or changed:\n got %q\nwant %q", visible(got.String()), want)
		}
	})
}

func checkLimits(t *testing.T, cues []cue.Cue, o cue.Options) {
	t.Helper()
	for i, c := range cues {
		if c.StartMS < 0 || c.EndMS <= c.StartMS {
			t.Errorf("cue %d is shown from %d to %d", i, c.StartMS, c.EndMS)
		}
		if i > 0 && c.StartMS < cues[i-1].EndMS {
			t.Errorf("cue %d begins at %d, before the one before ends at %d", i, c.StartMS, cues[i-1].EndMS)
		}
		if len(c.Lines) == 0 || len(c.Lines) > o.MaxLines {
			t.Errorf("cue %d has %d lines, limit %d", i, len(c.Lines), o.MaxLines)
		}
		for _, line := range c.Lines {
			if n := utf8.RuneCountInString(line); n == 0 || n > o.MaxLineLength {
				t.Errorf("line %q has %d characters, limit %d", line, n, o.MaxLineLength)
			}
		}
	}
}

// visible is a text without white space and what no subtitle can hold.
func visible(text string) string {
	kept := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.Fields(kept), "")
}
