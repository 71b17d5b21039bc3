package worker

import (
	"testing"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestPrompt_leavesOutWhatNoEngineTakes(t *testing.T) {
	t.Parallel()
	for want, options := range map[string]*jobv1.Options{
		"":                     {},
		"Minutes.":             {Prompt: "Minutes."},
		"Minutes. Steno, mesh": {Prompt: " Minutes.", Keywords: []string{"Steno", "mesh"}},
		"Minutes. a, b":        {Prompt: "\x00 Min\xffutes.\x00", Keywords: []string{"a\x00", "b\xc3"}},
	} {
		if got := prompt(options); got != want {
			t.Errorf("%v: got %q, want %q", options, got, want)
		}
	}
}
