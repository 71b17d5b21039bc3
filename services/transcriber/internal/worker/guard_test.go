package worker

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/segment"
	"github.com/stenomesh/stenomesh/pkg/transcript"
	"github.com/stenomesh/stenomesh/pkg/work"
	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/window"
)

func TestRepeated_tellsLoopsFromSpeech(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"":                                    0,
		"No, no, no, no!":                     0,
		"The room is five. The room is five.": 0,
		"five five five five five five five":  6,
		"Ninety five, five, five, five, five, five and one": 5,
		"in six hours in six hours in six hours":            6,
		"One two three four five six seven eight nine ten":  0,
		"да да да да да да да да":                           7,
	} {
		if got := repeated([]*jobv1.Segment{{Text: text}}); got != want {
			t.Errorf("%q: %d words are repeated, want %d", text, got, want)
		}
	}
}

func TestRepeated_looksAcrossSegments(t *testing.T) {
	t.Parallel()
	again := &jobv1.Segment{Text: "Thank you very much."}
	if got := repeated([]*jobv1.Segment{again, again, again}); got != 8 {
		t.Errorf("%d words are repeated, want 8", got)
	}
}

// parrot is a model that falls into a loop on windows over ten seconds, and
// hears one sentence in shorter ones.
type parrot struct {
	Model
	fresh []bool // whether each call asked for a fresh state
}

func (p *parrot) Transcribe(_ context.Context, req *enginev1.TranscribeRequest, _ bool) (*enginev1.TranscribeResponse, error) {
	p.fresh = append(p.fresh, req.GetFreshState())
	text := "Good morning."
	if len(req.GetPcm()) > 10_000*window.BytesPerMs {
		text = "Good five five five five five five five."
	}
	return &enginev1.TranscribeResponse{Segments: []*enginev1.Segment{{Text: text, EndMs: 1000}}}, nil
}

func TestGuarded_hearsTheHalvesOfAWindowThatLooped(t *testing.T) {
	t.Parallel()
	model := &parrot{}
	d := &decoder{
		Handler: &Handler{Limit: DefaultLimit(), Observe: func(string, time.Duration, bool) {}},
		run:     &work.Run{Task: &jobv1.Task{}, Job: &jobv1.Job{}}, model: model,
	}
	looped := window.Window{
		Window: segment.Window{Parts: []segment.Span{{StartMs: 0, EndMs: 8000}, {StartMs: 20_000, EndMs: 28_000}}},
		PCM:    make([]byte, 16_000*window.BytesPerMs),
	}

	got, err := d.guarded(t.Context(), looped, "en")

	if err != nil || transcript.Text(got) != "Good morning. Good morning." {
		t.Fatalf("got %v, %v; want what the halves hold", got, err)
	}
	if start := got[1].GetStartMs(); start != 20_000 {
		t.Errorf("the second half begins at %d ms, want 20000", start)
	}
	if !slices.Equal(model.fresh, []bool{false, true, true}) {
		t.Errorf("fresh states: %v, want them for the halves only", model.fresh)
	}
}
