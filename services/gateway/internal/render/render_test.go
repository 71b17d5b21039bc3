package render_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"html"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/asticode/go-astisub"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render/cue"
)

var update = flag.Bool("update", false, "write the golden files anew")

// spoken makes a segment of a text, 400 ms a word.
func spoken(startMS int64, language, text string) *jobv1.Segment {
	segment := &jobv1.Segment{
		StartMs: startMS, Text: text, Language: language,
		AvgLogprob: -0.25, NoSpeechProb: 0.01, CompressionRatio: 1.2,
	}
	for _, word := range strings.Fields(text) {
		segment.Words = append(segment.Words,
			&jobv1.Word{StartMs: startMS, EndMs: startMS + 350, Text: word, Probability: 0.9})
		segment.EndMs = startMS + 350
		startMS += 400
	}
	return segment
}

func example() render.Document {
	return render.Document{
		TaskID: "0198c0de-7c1a-7b3e-9a51-3f1d2c4b5a69", FileName: "Запись <1> & co.mp3", WordTimes: true,
		Warnings: []string{"The model large-v3 is not installed; demo was used."},
		Transcript: &jobv1.Transcript{
			Language: "en", DurationMs: 24_500, Model: "demo", ModelSha256: "742efb7f", Engine: "whisper.cpp 1.9",
			Segments: []*jobv1.Segment{
				spoken(320, "en", "Where is the late computer? It costs < 5 & that is fine."),
				spoken(6200, "en", "The room number is sixteen, and the meeting begins at two on Wednesday, so please bring your files."),
				spoken(16_000, "ru", "Поезд --> отправляется в семь часов вечера."),
			},
		},
	}
}

func write(t *testing.T, format string, doc render.Document) []byte {
	t.Helper()
	f, known := render.Lookup(format)
	if !known {
		t.Fatalf("no format %q", format)
	}
	var out bytes.Buffer
	if err := f.Write(&out, doc); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWrite_isAsInTheGoldenFiles(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "srt", "vtt", "json", "tsv", "csv", "lrc"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			isGolden(t, "example."+format, write(t, format, example()))
		})
	}
}

func isGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	golden := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s (go test -update writes it anew):\n%s", golden, got)
	}
}

// A conversation with subtitles to taste, and with what spreadsheets take for
// formulas.
func TestWrite_laysSubtitlesOutAsAsked(t *testing.T) {
	t.Parallel()
	doc := example()
	for i, name := range []string{"Анна", "=Bob", "Анна"} {
		doc.Transcript.Segments[i].Speaker = name
	}
	doc.Transcript.Segments[2].Text = "-1+1 [is] \"two\",\tnot three."
	doc.Transcript.Segments[2].Words = nil
	options := cue.Defaults()
	options.MaxLineLength, options.MaxLines, options.MinGapMS = 24, 1, 500
	doc.Subtitles = render.Subtitles{Cues: &options, Speakers: true}
	for _, format := range []string{"srt", "vtt", "lrc", "csv", "tsv"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			isGolden(t, "speakers."+format, write(t, format, doc))
		})
	}
}

func TestCSV_isReadBackAsItWas(t *testing.T) {
	t.Parallel()
	doc := example()
	doc.Transcript.Segments[1].Text = "She said \"sixteen, or so\"."

	rows, err := csv.NewReader(bytes.NewReader(write(t, "csv", doc))).ReadAll()

	if err != nil || len(rows) != 4 || rows[2][4] != doc.Transcript.Segments[1].GetText() || rows[2][0] != "6.200" {
		t.Errorf("got %q, %v", rows, err)
	}
}

func TestSubtitles_areReadBackByAnotherProgram(t *testing.T) {
	t.Parallel()
	readers := map[string]func(io.Reader) (*astisub.Subtitles, error){
		"srt": astisub.ReadFromSRT,
		"vtt": astisub.ReadFromWebVTT,
	}
	for format, read := range readers {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			doc := example()

			subtitles, err := read(bytes.NewReader(write(t, format, doc)))

			if err != nil {
				t.Fatal(err)
			}
			var words []string
			last := subtitles.Items[0].StartAt
			for _, item := range subtitles.Items {
				if item.StartAt < last || item.EndAt <= item.StartAt {
					t.Errorf("cue from %v to %v after %v", item.StartAt, item.EndAt, last)
				}
				last = item.EndAt
				for _, line := range item.Lines {
					words = append(words, strings.Fields(line.String())...)
				}
			}
			if first := subtitles.Items[0].StartAt.Milliseconds(); first != 320 {
				t.Errorf("first cue begins at %d ms, want 320", first)
			}
			want := "Where is the late computer? It costs < 5 & that is fine. The room number is sixteen, " +
				"and the meeting begins at two on Wednesday, so please bring your files. " +
				"Поезд --> отправляется в семь часов вечера."
			if format == "srt" { // which has no escapes
				want = strings.ReplaceAll(want, "-->", "→")
			}
			// astisub leaves character references of WebVTT as they are.
			if got := html.UnescapeString(strings.Join(words, " ")); got != want {
				t.Errorf("read back %q\nwant %q", got, want)
			}
		})
	}
}

func TestJSON_writesNumbersAlways(t *testing.T) {
	t.Parallel()
	doc := example()
	bad := doc.Transcript.Segments[0]
	bad.AvgLogprob, bad.NoSpeechProb = float32(math.Inf(-1)), float32(math.NaN())
	bad.CompressionRatio = 9
	bad.Flags = []string{"loop", "low_confidence"}

	var result struct {
		Segments []struct {
			AvgLogprob float64  `json:"avg_logprob"`
			Quality    []string `json:"quality"`
		} `json:"segments"`
	}
	if err := json.Unmarshal(write(t, "json", doc), &result); err != nil {
		t.Fatal(err)
	}

	if got := result.Segments[0]; got.AvgLogprob != 0 || strings.Join(got.Quality, " ") != "loop low_confidence" {
		t.Errorf("got %+v", got)
	}
}

func TestJSON_tellsWhyAStretchWasDecodedAgain(t *testing.T) {
	t.Parallel()
	doc := example()
	doc.Transcript.Segments[1].Redecoding = &jobv1.Redecoding{Reasons: []string{"loop"}, Settings: "halves", SecondKept: true}

	text := string(write(t, "json", doc))

	if want := `"redecoded":{"reasons":["loop"],"settings":"halves","kept":"second"}`; strings.Count(text, want) != 1 || strings.Count(text, "redecoded") != 1 {
		t.Errorf("want %s once in %s", want, text)
	}
}

func TestJSON_tellsWhatATranslationWasSpokenIn(t *testing.T) {
	t.Parallel()
	doc := example()
	doc.Translated = true
	for n, s := range doc.Transcript.Segments {
		s.Language, s.SourceLanguage = "en", []string{"de", "ru", "de"}[n]
	}

	var result struct {
		Task           string `json:"task"`
		Language       string `json:"language"`
		SourceLanguage string `json:"source_language"`
		Segments       []struct {
			Language       string `json:"language"`
			SourceLanguage string `json:"source_language"`
		} `json:"segments"`
	}
	if err := json.Unmarshal(write(t, "json", doc), &result); err != nil {
		t.Fatal(err)
	}

	if result.Task != "translate" || result.Language != "en" || result.SourceLanguage != "de" {
		t.Errorf("the whole is %+v, want mostly German", result)
	}
	if s := result.Segments[1]; s.Language != "en" || s.SourceLanguage != "ru" {
		t.Errorf("segment 1 is %+v", s)
	}
}

func TestSeconds_areWrittenExactly(t *testing.T) {
	t.Parallel()
	for ms, want := range map[render.Seconds]string{0: "0.000", 12_340: "12.340", 7: "0.007", -500: "-0.500", -1500: "-1.500"} {
		if got, err := json.Marshal(ms); err != nil || string(got) != want {
			t.Errorf("%d ms: got %s, %v; want %s", int64(ms), got, err, want)
		}
	}
}

func TestJSON_leavesWordsOutUnlessAsked(t *testing.T) {
	t.Parallel()
	doc := example()
	doc.WordTimes = false
	if got := write(t, "json", doc); bytes.Contains(got, []byte(`"words"`)) {
		t.Errorf("words in %s", got)
	}
}

func TestEmptyTranscript_isEmptyInEveryFormat(t *testing.T) {
	t.Parallel()
	doc := render.Document{Transcript: &jobv1.Transcript{DurationMs: 1000}}
	for format, want := range map[string]string{"text": "", "srt": "", "vtt": "WEBVTT\n", "tsv": "start\tend\ttext\n", "lrc": ""} {
		if got := string(write(t, format, doc)); got != want {
			t.Errorf("%s: got %q, want %q", format, got, want)
		}
	}
	if got := string(write(t, "json", doc)); !strings.Contains(got, `"text":"","segments":[],"speakers":[]`) {
		t.Errorf("json: got %s", got)
	}
}

func TestDOCX_isAPackageOfWellFormedParts(t *testing.T) {
	t.Parallel()
	doc := example()
	doc.Transcript.Segments[0].Speaker = "SPEAKER_1"
	doc.Transcript.Segments[0].Text += " \x01"

	data := write(t, "docx", doc)

	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, file := range archive.File {
		parts[file.Name] = partText(t, file)
	}
	if len(parts) != 5 {
		t.Errorf("%d parts, want 5", len(parts))
	}
	want := "Запись <1> & co.mp3" +
		"[00:00:00] SPEAKER_1: Where is the late computer? It costs < 5 & that is fine." +
		"[00:00:06] The room number is sixteen, and the meeting begins at two on Wednesday, so please bring your files." +
		"[00:00:16] Поезд --> отправляется в семь часов вечера."
	if got := parts["word/document.xml"]; got != want {
		t.Errorf("document says %q\nwant %q", got, want)
	}
	if !bytes.Equal(data, write(t, "docx", doc)) {
		t.Error("the same document gives other bytes the second time")
	}
}

// partText parses one part and returns the text in it.
func partText(t *testing.T, file *zip.File) string {
	t.Helper()
	r, err := file.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var text strings.Builder
	for decoder := xml.NewDecoder(r); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return strings.TrimSpace(text.String())
		}
		if err != nil {
			t.Fatalf("%s: %v", file.Name, err)
		}
		if chars, ok := token.(xml.CharData); ok {
			text.Write(chars)
		}
	}
}

func TestSRT_hasNoArrowButItsOwn(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"a --> b", "a ---> b", "a ------->> b"} {
		doc := render.Document{Transcript: &jobv1.Transcript{Segments: []*jobv1.Segment{spoken(0, "en", text)}}}
		if got := string(write(t, "srt", doc)); strings.Count(got, "-->") != 1 {
			t.Errorf("%q is written %q", text, got)
		}
	}
}

func TestText_beginsAParagraphWhereASentenceEndsOnceItHasGrown(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		grown string // in front of the last sentence
		want  int    // paragraphs
	}{
		"full stop":          {strings.Repeat("word ", 130) + "end.", 2},
		"question":           {strings.Repeat("word ", 130) + "end?", 2},
		"exclamation":        {strings.Repeat("word ", 130) + "end!", 2},
		"ellipsis":           {strings.Repeat("word ", 130) + "end…", 2},
		"Chinese full stop":  {strings.Repeat("你好", 310) + "。", 2},
		"quotation":          {strings.Repeat("слово ", 130) + "«конец.»", 2},
		"no end":             {strings.Repeat("word ", 130) + "and", 1},
		"half of it Russian": {strings.Repeat("слово ", 60) + "конец.", 1}, // 366 characters, 671 bytes
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			long := &jobv1.Segment{EndMs: 9000, Text: tc.grown}
			doc := render.Document{Transcript: &jobv1.Transcript{Segments: []*jobv1.Segment{long, spoken(9000, "en", "More.")}}}
			if got := strings.Count(string(write(t, "text", doc)), "\n\n") + 1; got != tc.want {
				t.Errorf("%d paragraphs, want %d", got, tc.want)
			}
		})
	}
}

func TestText_beginsAParagraphAfterAPause(t *testing.T) {
	t.Parallel()
	doc := render.Document{Transcript: &jobv1.Transcript{Segments: []*jobv1.Segment{
		spoken(0, "en", "One."), spoken(1000, "en", "Two."), spoken(9000, "en", "Three."),
	}}}
	if got, want := string(write(t, "text", doc)), "One. Two.\n\nThree.\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
