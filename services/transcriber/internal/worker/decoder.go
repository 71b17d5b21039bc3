package worker

import (
	"context"
	"errors"
	"fmt"
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

	pcm      []byte  // of the chunk
	quietDB  float64 // see quietDB
	channels int     // that are transcribed each by itself; 0 for a mix
	heeded   int     // keywords that the engine took, as its answers tell
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
		d.run.Progress(d.shareMs(w.DoneMs), d.shareMs(d.lengthMs()))
	}
	if n := len(keywords(d.run.Job.GetOptions())); len(d.windows) > 0 && d.heeded < n {
		said.warnings = append(said.warnings, fmt.Sprintf("Of the %d keywords only the first %d could be used.", n, d.heeded))
	}
	if len(said.segments) == 0 {
		said.verdict = verdict{} // nobody spoke, so that nothing is known of the language
	}
	return said, nil
}

// transcribe has one window decoded. Times are those of the recording.
func (d *decoder) transcribe(ctx context.Context, w window.Window, language string, how setting) (_ []*jobv1.Segment, err error) {
	options := d.run.Job.GetOptions()
	defer d.observe("transcribe_window", time.Now(), &err)
	answer, err := d.model.Transcribe(engine.WithLimit(ctx, d.limit(w)), &enginev1.TranscribeRequest{
		Pcm: w.PCM, Language: language, Translate: options.GetTranslate(),
		Prompt: text(options.GetPrompt()), Keywords: keywords(options),
		Temperature: how.temperature, BeamSize: options.GetBeamSize(), FreshState: how.fresh,
		TraceId: taskName(d.run.Task),
	}, d.run.Alone)
	if err != nil {
		return nil, err
	}
	if how.temperature == options.GetTemperature() {
		d.heeded = int(answer.GetKeywordsUsed())
	}
	return d.label(w.Segments(answer.GetSegments(), language)), nil
}

// label names who speaks, where each channel is a speaker, and tells a translation
// from what was said.
func (d *decoder) label(segments []*jobv1.Segment) []*jobv1.Segment {
	options := d.run.Job.GetOptions()
	translated := options.GetTranslate() && d.Translates(options.GetResolvedModel())
	for _, s := range segments {
		s.Speaker = transcript.ChannelSpeaker(d.chunk.GetChannel())
		if translated {
			s.SourceLanguage, s.Language = s.GetLanguage(), english
		}
	}
	return segments
}

// english is what engines translate into.
const english = "en"

// keywords are the user's glossary as engines take it.
func keywords(options *jobv1.Options) []string {
	var clean []string
	for _, keyword := range options.GetKeywords() {
		if keyword = text(keyword); keyword != "" {
			clean = append(clean, keyword)
		}
	}
	return clean
}

// text is a text without what no engine takes in one.
func text(raw string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(raw, ""), "\x00", ""))
}

func (d *decoder) limit(w window.Window) time.Duration {
	return d.Limit.of(time.Duration(len(w.PCM)/window.BytesPerMs) * time.Millisecond)
}

func (d *decoder) lengthMs() int64 { return d.chunk.GetEndMs() - d.chunk.GetStartMs() }

// shareMs is what so much of the chunk counts for in the recording, which n channels
// make up together.
func (d *decoder) shareMs(ms int64) int64 { return ms / int64(max(1, d.channels)) }

// observe tells of a step; one that was stopped did not fail.
func (d *decoder) observe(step string, began time.Time, err *error) {
	d.Observe(step, time.Since(began), *err != nil && !errors.Is(*err, context.Canceled))
}
