package request_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
	"github.com/stenomesh/stenomesh/services/gateway/internal/request"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// models is the built-in catalogue of which these are installed.
func models(t *testing.T, fallback string, installed ...string) request.Models {
	t.Helper()
	all, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, name := range installed {
		have[name] = true
	}
	return request.Models{
		Catalog: all, Default: "large-v3-turbo", Fallback: fallback,
		Installed: func(m catalog.Model) bool { return have[m.Name] },
	}
}

func options(t *testing.T, body string, m request.Models) (*jobv1.Options, []string, error) {
	t.Helper()
	var create request.Create
	if err := json.Unmarshal([]byte(body), &create); err != nil {
		t.Fatal(err)
	}
	return create.Options(m)
}

func TestOptions_haveDefaults(t *testing.T) {
	t.Parallel()

	got, warnings, err := options(t, `{"vad":null}`, models(t, "", "large-v3-turbo"))

	want := &jobv1.Options{
		Model: "large-v3-turbo", ResolvedModel: "large-v3-turbo", Language: "auto", Languages: []string{"en", "ru"},
		Vad: true, Priority: jobv1.Priority_PRIORITY_NORMAL,
	}
	if err != nil || !proto.Equal(got, want) || len(warnings) != 0 {
		t.Errorf("got %v, %v, %v\nwant %v", got, warnings, err, want)
	}
}

func TestOptions_takeAllFields(t *testing.T) {
	t.Parallel()

	got, _, err := options(t, `{"model":"whisper-small","language":"RU","task":"translate","prompt":"p","keywords":["k"],"word_timestamps":true,
		"temperature":0.5,"beam_size":5,"vad":false,"channels":"mix","max_speakers":2,"priority":"high","metadata":{"a": [1, 2]}}`,
		models(t, "", "small"))

	want := &jobv1.Options{
		Model: "whisper-small", ResolvedModel: "small", Language: "ru", Translate: true, Prompt: "p", Keywords: []string{"k"},
		WordTimestamps: true, Temperature: 0.5, BeamSize: 5, MaxSpeakers: 2, Priority: jobv1.Priority_PRIORITY_HIGH,
		MetadataJson: `{"a":[1,2]}`,
	}
	if err != nil || !proto.Equal(got, want) {
		t.Errorf("got %v, %v\nwant %v", got, err, want)
	}
}

func TestOptions_pickTheModel(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body, fallback string
		installed      []string
		want, code     string
		warnings       int
	}{
		"the one asked for":          {`{"model":"whisper-tiny"}`, "demo", []string{"tiny", "demo"}, "tiny", "", 0},
		"the fallback":               {`{"model":"whisper-tiny"}`, "demo", []string{"demo"}, "demo", "", 1},
		"none without fallback":      {`{"model":"whisper-tiny"}`, "", []string{"demo"}, "", "model_not_installed", 0},
		"a fallback not installed":   {`{"model":"whisper-tiny"}`, "demo", nil, "", "model_not_installed", 0},
		"the largest when all equal": {`{}`, "", []string{"demo", "base", "tiny"}, "base", "", 0},
		"the fallback when unnamed":  {`{}`, "demo", []string{"demo", "base"}, "demo", "", 1},
		"none when there is none":    {`{}`, "", nil, "", "model_not_installed", 0},
		"unknown":                    {`{"model":"x"}`, "demo", []string{"demo"}, "", "model_not_found", 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, warnings, err := options(t, tc.body, models(t, tc.fallback, tc.installed...))
			if tc.code != "" {
				if !fault.Is(err, fault.Unprocessable) || fault.Of(err).Code != tc.code {
					t.Errorf("got %v, want %s", err, tc.code)
				}
				return
			}
			if err != nil || got.GetResolvedModel() != tc.want || len(warnings) != tc.warnings {
				t.Errorf("got %v, %v, %v; want %s", got, warnings, err, tc.want)
			}
		})
	}
}

func TestOptions_pickAModelThatTranslates(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body, fallback string
		installed      []string
		want, code     string
		warnings       int
	}{
		"by name":                        {`{"model":"small"}`, "", []string{"small", "large-v3-turbo"}, "small", "", 0},
		"by an alias of one that does":   {`{"model":"large"}`, "", []string{"large-v3"}, "large-v3", "", 0},
		"by an alias of one that cannot": {`{"model":"whisper-1"}`, "", []string{"base", "small", "large-v3-turbo"}, "small", "", 1},
		"by no name":                     {`{}`, "", []string{"base", "large-v3-turbo"}, "base", "", 1},
		"by the name of one that cannot": {`{"model":"large-v3-turbo"}`, "", []string{"small", "large-v3-turbo"}, "", "translation_not_supported", 0},
		"where none can":                 {`{"model":"whisper-1"}`, "", []string{"large-v3-turbo"}, "", "translation_not_supported", 0},
		"the demo model":                 {`{"model":"demo"}`, "demo", []string{"demo"}, "", "translation_not_supported", 0},
		"a fallback that cannot":         {`{"model":"whisper-1"}`, "demo", []string{"demo"}, "demo", "", 2},
	}
	for name, tc := range tests {
		body := strings.Replace(tc.body, "{", `{"task":"translate","language":"ru",`, 1)
		body = strings.Replace(body, ",}", "}", 1)

		got, warnings, err := options(t, body, models(t, tc.fallback, tc.installed...))

		if tc.code != "" {
			if !fault.Is(err, fault.Unprocessable) || fault.Of(err).Code != tc.code {
				t.Errorf("%s: got %v, want %s", name, err, tc.code)
			}
			continue
		}
		if err != nil || got.GetResolvedModel() != tc.want || !got.GetTranslate() || len(warnings) != tc.warnings {
			t.Errorf("%s: got %v, %q, %v", name, got, warnings, err)
		}
	}
}

func TestOptions_warnOfATranslationThatNobodyTried(t *testing.T) {
	t.Parallel()
	all, err := catalog.New(catalog.Model{
		Name: "mine", File: "mine.bin", Bytes: 5, SHA256: strings.Repeat("a", 64),
		Languages: []string{"en", "ru"}, Licence: "MIT", Description: "For tests.",
	})
	if err != nil {
		t.Fatal(err)
	}
	m := request.Models{Catalog: all, Default: "mine", Installed: func(catalog.Model) bool { return true }}

	got, warnings, err := options(t, `{"task":"translate"}`, m)

	if err != nil || !got.GetTranslate() || len(warnings) != 1 || !strings.Contains(warnings[0], "not known") {
		t.Errorf("got %v, %q, %v", got, warnings, err)
	}
}

func TestOptions_takeEachChannelForASpeaker(t *testing.T) {
	t.Parallel()
	for body, split := range map[string]bool{
		`{}`:                   false,
		`{"channels":"mix"}`:   false,
		`{"channels":"split"}`: true,
		`{"channels":"split","diarization":true}`: true,
	} {
		got, warnings, err := options(t, body, models(t, "", "large-v3-turbo"))
		if err != nil || got.GetSplitChannels() != split || len(warnings) != 0 {
			t.Errorf("%s: got %v, %q, %v", body, got, warnings, err)
		}
	}
	if _, _, err := options(t, `{"channels":"left"}`, models(t, "", "large-v3-turbo")); fault.Of(err) == nil || fault.Of(err).Code != "invalid_option" {
		t.Errorf("got %v", err)
	}
}

func TestOptions_warnOfAPromptThatIsNotHeeded(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]int{
		`{"temperature":0.5,"keywords":["Steno"]}`: 1,
		`{"temperature":0.4,"keywords":["Steno"]}`: 0,
		`{"temperature":0.9}`:                      0,
	} {
		if _, warnings, err := options(t, body, models(t, "", "large-v3-turbo")); err != nil || len(warnings) != want {
			t.Errorf("%s: %q, %v", body, warnings, err)
		}
	}
}

func TestOptions_refuseATextThatNoEngineTakes(t *testing.T) {
	t.Parallel()
	for field, body := range map[string]string{
		"prompt":   `{"prompt":"Minutes\u0000"}`,
		"keywords": `{"keywords":["Steno","me\u0000sh"]}`,
	} {
		_, _, err := options(t, body, models(t, "", "large-v3-turbo"))

		if !fault.Is(err, fault.Unprocessable) || fault.Of(err).Code != "invalid_option" {
			t.Errorf("%s: got %v", field, err)
			continue
		}
		told := httptest.NewRecorder()
		problem.Write(told, "", err)
		if !strings.Contains(told.Body.String(), strconv.Quote(field)) {
			t.Errorf("%s: the problem does not name the field: %s", field, told.Body)
		}
	}
}

// FuzzOptions sends any body: it is refused or gives options within their ranges,
// which a record can hold.
func FuzzOptions(f *testing.F) {
	all, err := catalog.Default()
	if err != nil {
		f.Fatal(err)
	}
	m := request.Models{Catalog: all, Default: "demo", Installed: func(m catalog.Model) bool { return m.Name == "demo" }}
	f.Add([]byte(`{"file_id":"f","model":"demo","language":"ru","beam_size":8,"temperature":1,"metadata":{"a":1}}`))
	f.Add([]byte(`{"keywords":[null],"languages":["en"],"max_speakers":-1,"priority":null}`))
	f.Add([]byte("{\"metadata\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var create request.Create
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		if web.DecodeJSON(httptest.NewRecorder(), r, &create) != nil {
			return
		}
		o, _, err := create.Options(m)
		if err != nil {
			if !fault.Is(err, fault.Unprocessable) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		if o.GetBeamSize() > 8 || o.GetTemperature() < 0 || o.GetTemperature() > 1 || o.GetMaxSpeakers() > 32 ||
			len(o.GetMetadataJson()) > 4096 || o.GetResolvedModel() != "demo" || o.GetPriority() == jobv1.Priority_PRIORITY_UNSPECIFIED {
			t.Errorf("options out of range: %v", o)
		}
		if _, err := proto.Marshal(o); err != nil {
			t.Errorf("options that no record can hold: %v", err)
		}
	})
}
