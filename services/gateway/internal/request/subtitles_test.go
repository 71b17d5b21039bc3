package request_test

import (
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render/cue"
	"github.com/stenomesh/stenomesh/services/gateway/internal/request"
)

func TestSubtitles_takeAllOptions(t *testing.T) {
	t.Parallel()
	query := url.Values{
		"max_line_length": {"32"}, "max_lines": {"1"}, "max_cps": {"20.5"}, "min_duration": {"0.7"},
		"max_duration": {"5"}, "min_gap": {"0"}, "speakers": {"true"}, "format": {"srt"},
	}

	got, err := request.Subtitles(query)

	want := cue.Options{MaxLineLength: 32, MaxLines: 1, MaxCPS: 20.5, MinDurationMS: 700, MaxDurationMS: 5000}
	if err != nil || *got.Cues != want || !got.Speakers {
		t.Errorf("got %+v, %+v, %v", got, got.Cues, err)
	}
}

func TestSubtitles_haveDefaults(t *testing.T) {
	t.Parallel()
	got, err := request.Subtitles(url.Values{"max_lines": {""}})
	if err != nil || *got.Cues != cue.Defaults() || got.Speakers {
		t.Errorf("got %+v, %+v, %v", got, got.Cues, err)
	}
}

func TestSubtitles_refuseWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	for query, field := range map[string]string{
		"max_line_length=9": "max_line_length", "max_line_length=40.5": "max_line_length", "max_lines=0": "max_lines",
		"max_lines=two": "max_lines", "max_cps=NaN": "max_cps", "max_cps=-1": "max_cps", "min_duration=1s": "min_duration",
		"max_duration=0": "max_duration", "min_gap=+Inf": "min_gap", "speakers=ja": "speakers",
		"min_duration=6&max_duration=5": "min_duration",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}

		_, err = request.Subtitles(values)

		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v", query, err)
			continue
		}
		told := httptest.NewRecorder()
		problem.Write(told, "", err)
		if !strings.Contains(told.Body.String(), `"field":`+strconv.Quote(field)) {
			t.Errorf("%s: the problem does not name %s: %s", query, field, told.Body)
		}
	}
}

// FuzzSubtitles sends any query: it is refused as malformed, or gives options that
// cues can be made to.
func FuzzSubtitles(f *testing.F) {
	f.Add("max_line_length=42&max_lines=2&max_cps=17&min_duration=1&max_duration=7&min_gap=0.08&speakers=1")
	f.Add("max_line_length=1e1&max_cps=0x1p-2&min_duration=-0&max_duration=60.0004")
	f.Fuzz(func(t *testing.T, raw string) {
		query, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		got, err := request.Subtitles(query)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		o := got.Cues
		if o.MaxLineLength < 10 || o.MaxLineLength > 120 || o.MaxLines < 1 || o.MaxLines > 4 || !(o.MaxCPS >= 0 && o.MaxCPS <= 100) ||
			o.MinDurationMS < 0 || o.MinDurationMS > o.MaxDurationMS || o.MaxDurationMS > 60_000 || o.MinGapMS < 0 || o.MinGapMS > 5000 {
			t.Errorf("%q gives %+v", raw, *o)
		}
	})
}
