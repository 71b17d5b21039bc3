package mesh_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// contract is OpenAI's own client with another base URL and key, and a recording.
type contract struct {
	t      *testing.T
	client openai.Client
	sample testkit.Sample
}

func (c *contract) params(format openai.AudioResponseFormat) openai.AudioTranscriptionNewParams {
	file, err := os.Open(c.sample.Path)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = file.Close() })
	return openai.AudioTranscriptionNewParams{File: file, Model: "whisper-1", ResponseFormat: format, Language: openai.String("en")}
}

func (c *contract) ask(params openai.AudioTranscriptionNewParams) *openai.AudioTranscriptionNewResponseUnion {
	c.t.Helper()
	answer, err := c.client.Audio.Transcriptions.New(c.t.Context(), params)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer
}

// text asks for a format that is no JSON, as the client's documentation says.
func (c *contract) text(format openai.AudioResponseFormat) string {
	c.t.Helper()
	var answer string
	if err := c.client.Post(c.t.Context(), "audio/transcriptions", c.params(format), &answer); err != nil {
		c.t.Fatal(err)
	}
	return answer
}

func (c *contract) wants(what, got string) {
	c.t.Helper()
	if got != c.sample.Text {
		c.t.Errorf("%s: got %q, want %q", what, got, c.sample.Text)
	}
}

// OpenAI's own client works, and only its base URL and key are others.
func TestOpenAI_ownClientWorks(t *testing.T) {
	t.Parallel()
	m := meshtest.InProcess(t)
	key := login(t, m, meshtest.User, meshtest.Password).token
	client := openai.NewClient(option.WithBaseURL(m.URL+"/v1"), option.WithAPIKey(key))
	c := &contract{t: t, client: client, sample: testkit.Samples(t, "en")[0]}

	t.Run("json", func(*testing.T) {
		params := c.params(openai.AudioResponseFormatJSON)
		params.Include = []openai.TranscriptionInclude{openai.TranscriptionIncludeLogprobs}
		params.Keywords, params.Languages = []string{"Nina", "station"}, []string{"en"}
		got := c.ask(params).AsTranscription()
		c.wants("json", got.Text)
		var tokens strings.Builder
		for _, p := range got.Logprobs {
			tokens.WriteString(p.Token)
			if p.Logprob > 0 || len(p.Bytes) != len(p.Token) {
				t.Errorf("log probability %+v", p)
			}
		}
		c.wants("tokens", tokens.String())
		if seconds := got.Usage.AsDuration().Seconds; seconds < 1 || got.Languages[0].Code != "en" {
			t.Errorf("got %s", got.RawJSON())
		}
	})
	t.Run("text", func(*testing.T) { c.wants("text", strings.TrimSuffix(c.text(openai.AudioResponseFormatText), "\n")) })
	t.Run("subtitles", func(*testing.T) {
		if srt := c.text(openai.AudioResponseFormatSRT); !strings.HasPrefix(srt, "1\n00:00:0") {
			t.Errorf("srt: %s", srt)
		}
		if vtt := c.text(openai.AudioResponseFormatVTT); !strings.HasPrefix(vtt, "WEBVTT\n\n00:00:0") {
			t.Errorf("vtt: %s", vtt)
		}
	})
	t.Run("verbose_json", c.verbose)
	t.Run("diarized_json", func(*testing.T) {
		params := c.params(openai.AudioResponseFormatDiarizedJSON)
		params.KnownSpeakerNames, params.KnownSpeakerReferences = []string{"Nina"}, []string{"data:audio/wav;base64,UklGRg=="}
		got := c.ask(params)
		if got.Text != "Nina: "+c.sample.Text || !strings.Contains(got.RawJSON(), `"speaker":"Nina"`) {
			t.Errorf("got %s", got.RawJSON())
		}
	})
	t.Run("translation", func(*testing.T) {
		file := c.params("").File
		params := openai.AudioTranslationNewParams{File: file, Model: "whisper-1"}
		got, err := c.client.Audio.Translations.New(t.Context(), params) //nolint:staticcheck // OpenAI gives it up, we do not
		if err != nil || got.Text == "" {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("stream", c.stream)
	t.Run("errors", c.errors)
	t.Run("models", func(*testing.T) {
		var ids []string
		all := c.client.Models.ListAutoPaging(t.Context())
		for all.Next() {
			ids = append(ids, all.Current().ID)
		}
		one, err := c.client.Models.Get(t.Context(), "gpt-4o-transcribe")
		if err != nil || one.ID != "gpt-4o-transcribe" || all.Err() != nil || !slices.Contains(ids, "whisper-1") {
			t.Errorf("got %q, %+v, %v, %v", ids, one, all.Err(), err)
		}
	})
	t.Run("leaving", func(t *testing.T) { c.leave(t, m) })
}

func (c *contract) verbose(t *testing.T) {
	params := c.params(openai.AudioResponseFormatVerboseJSON)
	params.TimestampGranularities = []string{"word", "segment"}
	params.ChunkingStrategy.OfAudioTranscriptionNewsChunkingStrategyVadConfig = &openai.AudioTranscriptionNewParamsChunkingStrategyVadConfig{
		Type: "server_vad", Threshold: openai.Float(0.4), PrefixPaddingMs: openai.Int(200),
	}
	got := c.ask(params).AsTranscriptionVerbose()
	c.wants("verbose_json", got.Text)
	var words, segments []string
	for _, w := range got.Words {
		words = append(words, w.Word)
		if w.End <= w.Start || w.End > got.Duration {
			t.Errorf("word %s", w.RawJSON())
		}
	}
	for _, s := range got.Segments {
		segments = append(segments, strings.TrimPrefix(s.Text, " "))
		if s.AvgLogprob >= 0 || s.CompressionRatio <= 0 || s.End <= s.Start || !s.JSON.Tokens.Valid() || !s.JSON.Seek.Valid() {
			t.Errorf("segment %s", s.RawJSON())
		}
	}
	c.wants("words", strings.Join(words, " "))
	c.wants("segments", strings.Join(segments, " "))
	if got.Language != "english" || got.Duration < 1 || got.Usage.Seconds != got.Duration {
		t.Errorf("got %s", got.RawJSON())
	}
}

func (c *contract) stream(t *testing.T) {
	events := c.client.Audio.Transcriptions.NewStreaming(t.Context(), c.params(openai.AudioResponseFormatJSON))
	var pieces strings.Builder
	var done string
	for events.Next() {
		switch event := events.Current().AsAny().(type) {
		case openai.TranscriptionTextDeltaEvent:
			pieces.WriteString(event.Delta)
		case openai.TranscriptionTextDoneEvent:
			done = event.Text
		}
	}
	if err := events.Err(); err != nil {
		t.Fatal(err)
	}
	c.wants("stream", pieces.String())
	c.wants("end of the stream", done)
}

func (c *contract) errors(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*openai.AudioTranscriptionNewParams)
		key    string
		status int
		code   string
		param  string
	}{
		"wrong key":     {key: "sk-nothing", status: 401, code: "invalid_api_key"},
		"unknown model": {change: func(p *openai.AudioTranscriptionNewParams) { p.Model = "gpt-9" }, status: 404, code: "model_not_found", param: "model"},
		"too hot": {change: func(p *openai.AudioTranscriptionNewParams) { p.Temperature = openai.Float(2) },
			status: 400, code: "invalid_field", param: "temperature"},
		"no recording": {change: func(p *openai.AudioTranscriptionNewParams) {
			p.File = openai.File(strings.NewReader("ID3 but nothing after"+strings.Repeat("\x00", 2000)), "a.mp3", "audio/mpeg")
		}, status: 400},
	} {
		params := c.params(openai.AudioResponseFormatJSON)
		if tc.change != nil {
			tc.change(&params)
		}
		var more []option.RequestOption
		if tc.key != "" {
			more = append(more, option.WithAPIKey(tc.key))
		}
		_, err := c.client.Audio.Transcriptions.New(t.Context(), params, more...)
		var told *openai.Error
		if !errors.As(err, &told) || told.StatusCode != tc.status || tc.code != "" && told.Code != tc.code || told.Param != tc.param || told.Message == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// leave closes the connection over a long recording, which stops its job.
func (c *contract) leave(t *testing.T, m *meshtest.Mesh) {
	path := filepath.Join(t.TempDir(), "long.wav")
	meshtest.FFmpeg(t, "-stream_loop", "40", "-i", c.sample.Path, path)
	long := *c
	long.sample.Path = path
	user := m.Client(t)
	ctx, leave := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := c.client.Audio.Transcriptions.New(ctx, long.params(""))
		ended <- err
	}()
	newest := func(status string) bool {
		page, err := user.History(t.Context(), 1, "")
		return err == nil && len(page.Items) > 0 && page.Items[0].FileName == "long.wav" && page.Items[0].Status == status
	}
	testkit.Eventually(t, "the job runs", func() bool { return newest("transcribing") })
	leave()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	testkit.Eventually(t, "the job is cancelled", func() bool { return newest("cancelled") })
}
