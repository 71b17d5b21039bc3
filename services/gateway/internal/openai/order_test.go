package openai

import (
	"slices"
	"testing"
)

func TestCodeOf_understandsNamesAndRegions(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"en": "en", "RU": "ru", "en-US": "en", "pt_BR": "pt", "English": "en", "Haitian CREOLE": "ht", "yue": "yue",
		"auto": "auto", "": "", "klingon": "klingon",
	} {
		if got := codeOf(said); got != want {
			t.Errorf("%q is %q, want %q", said, got, want)
		}
	}
}

func TestNameOf_knowsEveryLanguageOnce(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for code, name := range names {
		if other, twice := seen[name]; twice {
			t.Errorf("%s and %s are both %s", code, other, name)
		}
		seen[name] = code
	}
	if nameOf("ru") != "russian" || nameOf("xx") != "xx" || nameOf("") != unknown {
		t.Errorf("got %q, %q, %q", nameOf("ru"), nameOf("xx"), nameOf(""))
	}
}

func TestSpeakers_haveOneNameEach(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ known, labels, want []string }{
		{nil, []string{""}, []string{"A"}},
		{nil, []string{"B", "A", "B"}, []string{"B", "A", "B"}},
		{[]string{"agent", "customer"}, []string{"channel 2", "channel 1"}, []string{"customer", "agent"}},
		{[]string{"agent"}, []string{"channel 2", "channel 1"}, []string{"B", "agent"}},
		{nil, []string{"SPEAKER_00", "SPEAKER_01", "SPEAKER_02"}, []string{"A", "B", "C"}},
		{nil, []string{"Nina", "channel 1", "channel 27"}, []string{"A", "B", "AA"}},
	} {
		s := newSpeakers(tc.known)
		var got []string
		for _, label := range tc.labels {
			got = append(got, s.name(label))
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%q known, %q: got %q, want %q", tc.known, tc.labels, got, tc.want)
		}
	}
}

func TestCheckChunking_takesWhatClientsSend(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		sent fields
		ok   bool
	}{
		{fields{}, true},
		{fields{"chunking_strategy": {"auto"}}, true},
		{fields{"chunking_strategy": {`"auto"`}}, true},
		{fields{"chunking_strategy": {"null"}}, true},
		{fields{"chunking_strategy": {`{"type":"server_vad","threshold":0.5,"prefix_padding_ms":300}`}}, true},
		{fields{"chunking_strategy[type]": {"server_vad"}, "chunking_strategy[silence_duration_ms]": {"200"}}, true},
		{fields{"chunking_strategy": {"semantic"}}, false},
		{fields{"chunking_strategy": {`{"type":"other"}`}}, false},
		{fields{"chunking_strategy": {`{"type":"server_vad","prefix_padding_ms":-1}`}}, false},
		{fields{"chunking_strategy": {`{"type":"server_vad","threshold":"high"}`}}, false},
		{fields{"chunking_strategy": {`{"type":`}}, false},
		{fields{"chunking_strategy[type]": {"server_vad"}, "chunking_strategy[threshold]": {"1.1"}}, false},
	} {
		if err := checkChunking(nil, tc.sent); (err == nil) != tc.ok {
			t.Errorf("%v: %v", tc.sent, err)
		}
	}
}
