package worker

import (
	"slices"
	"testing"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestPrompt_leavesOutWhatNoEngineTakes(t *testing.T) {
	t.Parallel()
	options := &jobv1.Options{Prompt: "\x00 Min\xffutes.\x00", Keywords: []string{" Steno\x00", "\xff", "b\xc3"}}

	if got := text(options.GetPrompt()); got != "Minutes." {
		t.Errorf("prompt %q", got)
	}
	if got := keywords(options); !slices.Equal(got, []string{"Steno", "b"}) {
		t.Errorf("keywords %q", got)
	}
}
