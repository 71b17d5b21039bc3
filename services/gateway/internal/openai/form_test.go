package openai

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// body makes a form of fields, "name=value" in their order, with the boundary "b".
func body(t testing.TB, sent ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	if err := w.SetBoundary("b"); err != nil {
		t.Fatal(err)
	}
	for _, field := range sent {
		name, value, _ := strings.Cut(field, "=")
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestReadForm_readsToTheEndOfTheBody(t *testing.T) {
	t.Parallel()
	from := strings.NewReader(body(t, "file=sound", "model=m") + "and more, which nobody asked for")
	var stored []byte

	found, err := readForm(from, "b", func(part *multipart.Part) (err error) {
		stored, err = io.ReadAll(part)
		return err
	})

	if err != nil || string(stored) != "sound" || found.text("model") != "m" || from.Len() != 0 {
		t.Errorf("got %v and %q, %v; %d bytes unread", found, stored, err, from.Len())
	}
}

func TestReadForm_keepsOnlyTheBeginningOfASample(t *testing.T) {
	t.Parallel()
	sample := "data:audio/wav;base64," + strings.Repeat("A", mostFields)
	found, err := readForm(strings.NewReader(body(t, "known_speaker_references[]="+sample)), "b", nil)
	if got := found.list(sampleField); err != nil || len(got) != 1 || got[0] != dataURL {
		t.Errorf("got %.50q, %v", got, err)
	}
	tooLarge := body(t, "known_speaker_references[]="+sample+strings.Repeat("A", mostSample))
	if _, err := readForm(strings.NewReader(tooLarge), "b", nil); !fault.Is(err, fault.TooLarge) {
		t.Errorf("a large sample: %v", err)
	}
}

// FuzzForm sends any form: it is refused, or asks for what there is.
func FuzzForm(f *testing.F) {
	f.Add(body(f, "model=whisper-1", "file=x", "timestamp_granularities[]=word", "response_format=verbose_json", "temperature=0.5"), true)
	f.Add(body(f, `keywords=["a","b"]`, "languages=en,ru", "include[0]=logprobs", "model=m", "stream=1", `chunking_strategy={"type":"server_vad"}`), false)
	f.Add(body(f, "known_speaker_names=a", "known_speaker_references=data:x", "response_format=diarized_json", "chunking_strategy[type]=server_vad"), false)
	f.Add("--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n", false)
	f.Fuzz(func(t *testing.T, raw string, translate bool) {
		parse := parseTranscription
		if translate {
			parse = parseTranslation
		}
		recordings := 0
		found, err := readForm(strings.NewReader(raw), "b", func(part *multipart.Part) error {
			recordings++
			_, err := io.Copy(io.Discard, part)
			return err
		})
		var o order
		if err == nil {
			o, err = parse(found)
		}
		if recordings > 1 {
			t.Errorf("%d recordings were taken", recordings)
		}
		if err != nil {
			var refusal *fault.Error
			if isFault := errors.As(err, &refusal); isFault && refusal.Kind != fault.Invalid && refusal.Kind != fault.TooLarge {
				t.Errorf("refused with %v", err)
			}
			return
		}
		if o.create.Model == "" || !utf8.ValidString(o.create.Prompt+strings.Join(o.create.Keywords, "")) || len(o.names) > mostSpeakers ||
			!(o.create.Temperature >= 0 && o.create.Temperature <= 1) || o.format != formatVerbose && o.words || o.format != formatJSON && o.logprobs {
			t.Errorf("%q became %+v", raw, o)
		}
	})
}
