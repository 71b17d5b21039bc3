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
	"github.com/stenomesh/stenomesh/services/transcriber/internal/quality"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/window"
)

// parrot is a model that falls into a loop on windows over ten seconds when it
// takes the likeliest words, and hears one sentence otherwise.
type parrot struct {
	Model
	asked []*enginev1.TranscribeRequest
}

func (p *parrot) Transcribe(_ context.Context, req *enginev1.TranscribeRequest, _ bool) (*enginev1.TranscribeResponse, error) {
	p.asked = append(p.asked, req)
	text := "Good morning."
	if len(req.GetPcm()) > 10_000*window.BytesPerMs && req.GetTemperature() == 0 {
		text = "Good five five five five five five five."
	}
	return &enginev1.TranscribeResponse{Segments: []*enginev1.Segment{{Text: text, EndMs: 1000}}}, nil
}

func (p *parrot) fresh() []bool {
	var all []bool
	for _, req := range p.asked {
		all = append(all, req.GetFreshState())
	}
	return all
}

// guardOf is a decoder over a model, and a window of 16 s made of these parts.
func guardOf(model Model, parts ...segment.Span) (*decoder, window.Window) {
	d := &decoder{
		Handler: &Handler{Limit: DefaultLimit(), Observe: func(string, time.Duration, bool) {}},
		run:     &work.Run{Task: &jobv1.Task{}, Job: &jobv1.Job{}}, model: model, quietDB: quality.LowestDB,
	}
	return d, window.Window{Window: segment.Window{Parts: parts}, PCM: make([]byte, 16_000*window.BytesPerMs)}
}

func TestGuarded_hearsTheHalvesOfAWindowThatLooped(t *testing.T) {
	t.Parallel()
	model := &parrot{}
	d, looped := guardOf(model, segment.Span{StartMs: 0, EndMs: 8000}, segment.Span{StartMs: 20_000, EndMs: 28_000})

	got, err := d.guarded(t.Context(), looped, "en")

	if err != nil || transcript.Text(got) != "Good morning. Good morning." {
		t.Fatalf("got %v, %v; want what the halves hold", got, err)
	}
	if start := got[1].GetStartMs(); start != 20_000 {
		t.Errorf("the second half begins at %d ms, want 20000", start)
	}
	if !slices.Equal(model.fresh(), []bool{false, true, true}) {
		t.Errorf("fresh states: %v, want them for the halves only", model.fresh())
	}
	if why := got[0].GetRedecoding(); !slices.Equal(why.GetReasons(), []string{"loop"}) || why.GetSettings() != "halves" || !why.GetSecondKept() {
		t.Errorf("it tells %v", why)
	}
}

func TestGuarded_drawsItsWordsWhereThereIsNoPlaceToPartAt(t *testing.T) {
	t.Parallel()
	model := &parrot{}
	d, looped := guardOf(model, segment.Span{StartMs: 0, EndMs: 16_000})

	got, err := d.guarded(t.Context(), looped, "en")

	if err != nil || transcript.Text(got) != "Good morning." {
		t.Fatalf("got %v, %v", got, err)
	}
	if again := model.asked[1]; len(model.asked) != 2 || again.GetTemperature() != warmer || !again.GetFreshState() {
		t.Errorf("asked %d times, then with %v", len(model.asked), again)
	}
	if why := got[0].GetRedecoding(); why.GetSettings() != "temperature 0.4" || !why.GetSecondKept() {
		t.Errorf("it tells %v", why)
	}
}

func TestGuarded_keepsTheFirstAnswerWhereTheSecondIsNoBetter(t *testing.T) {
	t.Parallel()
	model := &parrot{}
	d, looped := guardOf(model, segment.Span{StartMs: 0, EndMs: 16_000})
	d.run.Job = &jobv1.Job{Options: &jobv1.Options{Temperature: 0}}
	d.model = stubborn{model}

	got, err := d.guarded(t.Context(), looped, "en")

	if err != nil || transcript.Text(got) != "Good five five five five five five five." {
		t.Fatalf("got %v, %v", got, err)
	}
	if why := got[0].GetRedecoding(); why.GetSecondKept() || !slices.Equal(got[0].GetFlags(), []string{"loop"}) {
		t.Errorf("it tells %v, flags %v", why, got[0].GetFlags())
	}
}

// stubborn is a model that does the same at any temperature.
type stubborn struct{ *parrot }

func (s stubborn) Transcribe(ctx context.Context, req *enginev1.TranscribeRequest, alone bool) (*enginev1.TranscribeResponse, error) {
	return s.parrot.Transcribe(ctx, &enginev1.TranscribeRequest{Pcm: req.GetPcm(), FreshState: req.GetFreshState()}, alone)
}

func TestGuarded_leavesGoodWindowsAlone(t *testing.T) {
	t.Parallel()
	model := &parrot{}
	d, short := guardOf(model, segment.Span{StartMs: 0, EndMs: 8000})
	short.PCM = short.PCM[:8000*window.BytesPerMs]

	got, err := d.guarded(t.Context(), short, "en")

	if err != nil || len(model.asked) != 1 || got[0].GetRedecoding() != nil || got[0].GetFlags() != nil {
		t.Errorf("asked %d times, got %v, %v", len(model.asked), got, err)
	}
}

func TestQuietDB_isBelowTheSpeechOfTheChannel(t *testing.T) {
	t.Parallel()
	loud := &jobv1.Loudness{IntegratedLufs: -20, SilenceDb: -55, GainDb: 4}
	faint := &jobv1.Loudness{IntegratedLufs: -50, SilenceDb: -72, GainDb: 30}
	plan := &jobv1.Plan{Loudness: loud, Channels: []*jobv1.Loudness{loud, faint}}
	for name, c := range map[string]struct {
		plan  *jobv1.Plan
		chunk *jobv1.Chunk
		want  float64
	}{
		"a mix":              {&jobv1.Plan{Loudness: loud}, &jobv1.Chunk{}, -46},
		"the second channel": {plan, &jobv1.Chunk{Channel: 2}, -42},
		"no loudness":        {&jobv1.Plan{}, &jobv1.Chunk{}, quality.LowestDB},
	} {
		if got := quietDB(c.plan, c.chunk); got != c.want {
			t.Errorf("%s: %v dB, want %v", name, got, c.want)
		}
	}
}
