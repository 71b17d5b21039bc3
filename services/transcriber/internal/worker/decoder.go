package worker

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/stenomesh/stenomesh/pkg/transcript"
	"github.com/stenomesh/stenomesh/pkg/work"
	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/window"
)

// decoder works on one chunk.
type decoder struct {
	*Handler
	run     *work.Run
	chunk   *jobv1.Chunk
	model   Model
	windows []window.Window
}

// decode finds the language and transcribes the windows, one call each. Nothing
// of one window is told to the next: what the decoder makes up would spread.
func (d *decoder) decode(ctx context.Context) (outcome, error) {
	spoken, err := d.language(ctx)
	if err != nil {
		return outcome{}, err
	}
	said := outcome{verdict: spoken}
	for _, w := range d.windows {
		segments, err := d.guarded(ctx, w, spoken.language)
		if err != nil {
			return outcome{}, engineError(ctx, d.run, err)
		}
		said.segments = transcript.Join(said.segments, segments, w.Overlap)
		d.run.Progress(w.DoneMs, d.lengthMs())
	}
	if len(said.segments) == 0 {
		said.verdict = verdict{} // nobody spoke, so that nothing is known of the language
	}
	return said, nil
}

// transcribe has one window decoded. Times are those of the recording.
func (d *decoder) transcribe(ctx context.Context, w window.Window, language string, freshState bool) (_ []*jobv1.Segment, err error) {
	options := d.run.Job.GetOptions()
	defer d.observe("transcribe_window", time.Now(), &err)
	answer, err := d.model.Transcribe(engine.WithLimit(ctx, d.limit(w)), &enginev1.TranscribeRequest{
		Pcm: w.PCM, Language: language, Translate: options.GetTranslate(), Prompt: prompt(options),
		Temperature: options.GetTemperature(), BeamSize: options.GetBeamSize(), FreshState: freshState,
		TraceId: taskName(d.run.Task),
	}, d.run.Alone)
	if err != nil {
		return nil, err
	}
	return w.Segments(answer.GetSegments(), language), nil
}

// prompt is the user's text with the glossary behind it: where an engine cuts a
// long prompt, it keeps its end. What no engine takes in a text is left out.
func prompt(options *jobv1.Options) string {
	text := strings.ToValidUTF8(options.GetPrompt()+" "+strings.Join(options.GetKeywords(), ", "), "")
	return strings.TrimSpace(strings.ReplaceAll(text, "\x00", ""))
}

func (d *decoder) limit(w window.Window) time.Duration {
	return d.Limit.of(time.Duration(len(w.PCM)/window.BytesPerMs) * time.Millisecond)
}

func (d *decoder) lengthMs() int64 { return d.chunk.GetEndMs() - d.chunk.GetStartMs() }

// observe tells of a step; one that was stopped did not fail.
func (d *decoder) observe(step string, began time.Time, err *error) {
	d.Observe(step, time.Since(began), *err != nil && !errors.Is(*err, context.Canceled))
}
