package transcript_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

func TestJoin_takesEachWordOnce(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		end  int64 // of the overlap, which begins at 20 s
		a, b []*jobv1.Segment
		want []string // texts of the segments
	}{
		"both heard all": {
			end:  30_000,
			a:    say(21_000, "Good morning everyone.", "The meeting starts at nine."),
			b:    say(21_000, "Good morning everyone.", "The meeting starts at nine."),
			want: []string{"Good morning everyone.", "The meeting starts at nine."},
		},
		"the end of a is missing": {
			end:  25_000,
			a:    say(19_000, "Please wait here for me.", "Good morning everyone."),
			b:    say(20_200, "for me.", "Good morning everyone.", "The meeting starts at nine."),
			want: []string{"Please wait here for me.", "Good morning everyone.", "The meeting starts at nine."},
		},
		"the start of b is garbled": {
			end:  25_000,
			a:    say(19_000, "Please wait here for me.", "Good morning everyone.", "The train leave"),
			b:    say(20_200, "Fore sea.", "Good morning everyone.", "The train leaves now."),
			want: []string{"Please wait here for me.", "Good morning everyone.", "The train leaves now."},
		},
		"one sentence fills the overlap": {
			end: 30_000,
			a: say(19_000, "we count to the end of it one two three four five six seven eight nine "+
				"ten eleven twelve thirty forty tea"),
			b: say(20_200, "two they and often one two three four five six seven eight nine "+
				"ten eleven twelve thirteen fourteen fifteen sixteen."),
			want: []string{"we count to the end of it one two three four five six seven eight nine " +
				"ten eleven twelve thirteen fourteen fifteen sixteen."},
		},
		"Russian, and only one side writes ё": {
			end:  24_000,
			a:    say(19_000, "Поезд идёт на север.", "Она её нашла.", "Завтра будет"),
			b:    say(20_200, "зевер.", "Она ее нашла.", "Завтра будет снег."),
			want: []string{"Поезд идёт на север.", "Она её нашла.", "Завтра будет снег."},
		},
		"nothing in common, a pause between": {
			end:  30_000,
			a:    say(19_000, "The first one ends here."),
			b:    say(26_000, "The other one begins here."),
			want: []string{"The first one ends here.", "The other one begins here."},
		},
		"a heard nothing": {
			end:  30_000,
			b:    say(21_000, "Good morning everyone."),
			want: []string{"Good morning everyone."},
		},
		"b heard nothing": {
			end:  30_000,
			a:    say(21_000, "Good morning everyone."),
			want: []string{"Good morning everyone."},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			joined := transcript.Join(c.a, c.b, transcript.Span{StartMs: 20_000, EndMs: c.end})

			if got := texts(joined); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			checkShape(t, joined)
		})
	}
}

func TestJoin_putsNoSpacesWhereTheScriptHasNone(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		a, b []*jobv1.Segment
		want []string
	}{
		"Chinese, and the end of a is missing": {
			a:    write(19_000, "今|天|天|气|很|好，", "我|们"),
			b:    write(20_200, "气|很|好，", "我|们|去|公|园。"),
			want: []string{"今天天气很好，", "我们去公园。"},
		},
		"Chinese, and one sentence fills the overlap": {
			a:    write(19_000, "今|天|天|气|很|好|我|们|一|起|去"),
			b:    write(20_200, "器|很|好|我|们|一|起|去|公|园。"),
			want: []string{"今天天气很好我们一起去公园。"},
		},
		"Chinese sentences stay apart": {
			a:    write(19_000, "今|天|天|气|很|好。|我|们|一|起"),
			b:    write(20_200, "天|很|好。|我|们|一|起|去|公|园。"),
			want: []string{"今天天气很好。", "我们一起去公园。"},
		},
		"Japanese with an English word": {
			a:    write(19_000, "私|は| Go |が|好|き|で|す|と|言"),
			b:    write(20_200, "か|好|き|で|す|と|言|い|ま|し|た。"),
			want: []string{"私は Go が好きですと言いました。"},
		},
		"Thai with a space between phrases": {
			a:    write(19_000, "ไ|ป|บ้า|น| แ|ล|ะ|กิ|น"),
			b:    write(19_800, "มา|น| แ|ล|ะ|กิ|น|ข้า|ว"),
			want: []string{"ไปบ้าน และกินข้าว"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			joined := transcript.Join(c.a, c.b, transcript.Span{StartMs: 20_000, EndMs: 24_000})

			if got := texts(joined); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			checkShape(t, joined)
		})
	}
}

// write gives segments from start on, whose words are parted by "|" and last
// 400 ms each.
func write(start int64, marked ...string) []*jobv1.Segment {
	var segments []*jobv1.Segment
	for _, m := range marked {
		segment := &jobv1.Segment{StartMs: start, Text: strings.ReplaceAll(m, "|", "")}
		for word := range strings.SplitSeq(m, "|") {
			segment.Words = append(segment.Words,
				&jobv1.Word{StartMs: start, EndMs: start + 380, Text: strings.TrimSpace(word)})
			start += 400
		}
		segment.EndMs = start - 20
		segments = append(segments, segment)
	}
	return segments
}

func TestJoin_withoutOverlapPutsBBehindA(t *testing.T) {
	t.Parallel()
	a, b := say(0, "One two."), say(5000, "Three four.")

	got := texts(transcript.Join(a, b, transcript.Span{StartMs: 4000, EndMs: 4000}))

	if want := []string{"One two.", "Three four."}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestJoin_keepsSegmentsWithoutWordsWhole(t *testing.T) {
	t.Parallel()
	a := []*jobv1.Segment{{StartMs: 20_000, EndMs: 23_000, Text: "Good morning everyone."}}
	b := []*jobv1.Segment{
		{StartMs: 20_100, EndMs: 23_000, Text: "Good morning everyone."},
		{StartMs: 24_000, EndMs: 27_000, Text: "Welcome."},
	}

	got := texts(transcript.Join(a, b, transcript.Span{StartMs: 20_000, EndMs: 30_000}))

	if want := []string{"Good morning everyone.", "Welcome."}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// TestJoin_restoresTheTruth makes two readings of a recording the way a
// decoder does: what the edge of its piece cuts is dropped or garbled, and
// times are off by up to 150 ms. The overlap is twice the longest sentence.
func TestJoin_restoresTheTruth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		truth := drawSpeech(r)
		start := rapid.Int64Range(0, truth[len(truth)-1].GetEndMs()).Draw(r, "start")
		overlap := transcript.Span{StartMs: start, EndMs: start + 10_000}
		a, b := readBefore(r, truth, overlap.EndMs), readAfter(r, truth, overlap.StartMs)
		aBefore, bBefore := cloneAll(a), cloneAll(b)

		joined := transcript.Join(a, b, overlap)

		got, want := transcript.Words(transcript.Text(joined)), transcript.Words(transcript.Text(truth))
		if !slices.Equal(got, want) {
			r.Fatalf("overlap %v\na    %v\nb    %v\ngot  %v\nwant %v", overlap, texts(a), texts(b), texts(joined), texts(truth))
		}
		checkShape(r, joined)
		if !equalAll(a, aBefore) || !equalAll(b, bBefore) {
			r.Fatal("an input was changed")
		}
	})
}

// drawSpeech draws sentences of at most 5 s with pauses of at most 3 s, about
// half a minute of them.
func drawSpeech(r *rapid.T) []*jobv1.Segment {
	vocabulary := rapid.SampledFrom([][]string{
		{"the", "train", "one", "two", "seven", "and", "is", "morning", "they", "leave"},
		{"поезд", "и", "ещё", "пять", "семь", "дом", "она", "утро", "нет", "снег"},
	}).Draw(r, "vocabulary")
	var speech []*jobv1.Segment
	at := int64(0)
	for at < 30_000 {
		at += rapid.Int64Range(300, 3000).Draw(r, "pause")
		words := rapid.SliceOfN(rapid.SampledFrom(vocabulary), 2, 10).Draw(r, "sentence")
		segment := sentence(at, int64(rapid.IntRange(320, 500).Draw(r, "pace")), words)
		speech = append(speech, segment)
		at = segment.GetEndMs()
	}
	return speech
}

// readBefore is what a piece that ends at end says.
func readBefore(r *rapid.T, truth []*jobv1.Segment, end int64) []*jobv1.Segment {
	var reading []*jobv1.Segment
	for _, s := range truth {
		switch {
		case s.GetEndMs() <= end:
			reading = append(reading, jitter(r, s))
		case s.GetStartMs() < end:
			reading = append(reading, spoil(r, s, s.GetStartMs(), end)...)
		}
	}
	return reading
}

// readAfter is what a piece that begins at start says.
func readAfter(r *rapid.T, truth []*jobv1.Segment, start int64) []*jobv1.Segment {
	var reading []*jobv1.Segment
	for _, s := range truth {
		switch {
		case s.GetStartMs() >= start:
			reading = append(reading, jitter(r, s))
		case s.GetEndMs() > start:
			reading = append(reading, spoil(r, s, start, s.GetEndMs())...)
		}
	}
	return reading
}

// spoil drops or garbles a sentence of which only [from, to) was heard.
func spoil(r *rapid.T, s *jobv1.Segment, from, to int64) []*jobv1.Segment {
	n := int((to - from) / 450)
	if n == 0 || rapid.Bool().Draw(r, "dropped") {
		return nil
	}
	words := make([]string, n)
	for i := range words {
		words[i] = rapid.SampledFrom([]string{"blue", "зима", s.GetWords()[0].GetText(), "five"}).Draw(r, "garbage")
	}
	return []*jobv1.Segment{sentence(from, 450, words)}
}

// jitter moves every border between words by up to 150 ms, in order.
func jitter(r *rapid.T, s *jobv1.Segment) *jobv1.Segment {
	moved := proto.CloneOf(s)
	last := int64(0)
	for _, w := range moved.GetWords() {
		w.StartMs = max(last, w.GetStartMs()+rapid.Int64Range(-150, 150).Draw(r, "start"))
		w.EndMs = max(w.GetStartMs(), w.GetEndMs()+rapid.Int64Range(-150, 150).Draw(r, "end"))
		last = w.GetEndMs()
	}
	moved.StartMs, moved.EndMs = moved.GetWords()[0].GetStartMs(), last
	return moved
}

// say gives sentences from start on: 400 ms a word, 600 ms between sentences.
func say(start int64, sentences ...string) []*jobv1.Segment {
	var segments []*jobv1.Segment
	for _, text := range sentences {
		segment := sentence(start, 400, strings.Fields(strings.TrimRight(text, ".")))
		if !strings.HasSuffix(text, ".") {
			last := segment.GetWords()[len(segment.GetWords())-1]
			last.Text = strings.TrimRight(last.GetText(), ".")
			segment.Text = text
		}
		segments = append(segments, segment)
		start = segment.GetEndMs() + 600
	}
	return segments
}

func sentence(start, pace int64, words []string) *jobv1.Segment {
	segment := &jobv1.Segment{StartMs: start}
	for n, word := range words {
		if n == len(words)-1 {
			word += "."
		}
		segment.Words = append(segment.Words, &jobv1.Word{StartMs: start, EndMs: start + pace - 20, Text: word})
		start += pace
	}
	segment.EndMs = start - 20
	segment.Text = strings.Join(words, " ") + "."
	return segment
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkShape demands times in order and texts that are made of the words.
func checkShape(t failer, segments []*jobv1.Segment) {
	t.Helper()
	last := int64(0)
	for _, s := range segments {
		for _, w := range s.GetWords() {
			if w.GetStartMs() < last || w.GetEndMs() < w.GetStartMs() {
				t.Fatalf("word %v begins before %d or ends before it begins", w, last)
			}
			last = w.GetEndMs()
		}
		if len(s.GetWords()) > 0 && (transcript.Places(s.GetText(), s.GetWords()) == nil ||
			s.GetStartMs() != s.GetWords()[0].GetStartMs() || s.GetEndMs() != last) {
			t.Fatalf("segment %v does not agree with its words", s)
		}
	}
}

func texts(segments []*jobv1.Segment) []string {
	list := make([]string, len(segments))
	for n, s := range segments {
		list[n] = s.GetText()
	}
	return list
}

func cloneAll(segments []*jobv1.Segment) []*jobv1.Segment {
	list := make([]*jobv1.Segment, len(segments))
	for n, s := range segments {
		list[n] = proto.CloneOf(s)
	}
	return list
}

func equalAll(a, b []*jobv1.Segment) bool {
	return slices.EqualFunc(a, b, func(x, y *jobv1.Segment) bool { return proto.Equal(x, y) })
}

func TestJoin_keepsWhatIsSaidOfBothHalvesOfASentence(t *testing.T) {
	t.Parallel()
	a := say(19_000, "we count to the end of it one two three four five six seven eight nine ten eleven twelve thirty forty tea")
	b := say(20_200, "two they and often one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen.")
	a[0].Flags = []string{"low_confidence"}
	b[0].Flags = []string{"loop", "low_confidence"}
	b[0].Redecoding = &jobv1.Redecoding{Settings: "halves"}

	got := transcript.Join(a, b, transcript.Span{StartMs: 20_000, EndMs: 30_000})

	if len(got) != 1 || !slices.Equal(got[0].GetFlags(), []string{"low_confidence", "loop"}) || got[0].GetRedecoding().GetSettings() != "halves" {
		t.Errorf("got %v", got)
	}
}
