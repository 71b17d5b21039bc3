package worker

import (
	"context"
	"fmt"
	"slices"
	"time"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/quality"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/window"
)

// warmer is the temperature of a second decoding. Below 0.5 the decoder still goes
// by the prompt.
const warmer = 0.4

// halves tells that a window was parted for its second decoding.
const halves = "halves"

// setting is how a window is decoded.
type setting struct {
	temperature float32
	fresh       bool // on a state that no earlier call has used
}

// guarded transcribes a window. When the guard flags a segment of it, the window
// is decoded once more, otherwise and on a fresh state, and the better answer is
// kept; its segments tell why. The same samples always give the same words.
func (d *decoder) guarded(ctx context.Context, w window.Window, language string) ([]*jobv1.Segment, error) {
	first, err := d.transcribe(ctx, w, language, setting{temperature: d.run.Job.GetOptions().GetTemperature()})
	if err != nil {
		return nil, err
	}
	d.judge(first)
	reasons := quality.Flags(first)
	if len(reasons) == 0 {
		return first, nil
	}
	second, settings, err := d.again(ctx, w, language, slices.Contains(reasons, quality.Loop))
	if err != nil {
		return nil, err
	}
	d.judge(second)
	if settings != halves {
		quality.Doubt(second, first)
	}
	kept, better := first, quality.Better(second, first)
	if better {
		kept = second
	}
	for _, s := range kept {
		s.Redecoding = &jobv1.Redecoding{Reasons: reasons, Settings: settings, SecondKept: better}
	}
	return kept, nil
}

// again decodes a window for the second time and tells how. A loop is likely
// because of what stands before it, and other settings on the same sound are of
// little help: so the window is parted where silence was left out of it, and each
// half has less of that. Else the decoder draws its words at a temperature, by a
// generator that is the same on every fresh state; or takes the likeliest where
// the user had asked for a temperature.
func (d *decoder) again(ctx context.Context, w window.Window, language string, loop bool) (_ []*jobv1.Segment, settings string, err error) {
	defer d.observe("transcribe_again", time.Now(), &err)
	asked := d.run.Job.GetOptions().GetTemperature()
	if parts := w.Halves(); loop && parts != nil {
		segments, err := d.inTurn(ctx, parts, language, setting{temperature: asked, fresh: true})
		return segments, halves, err
	}
	how := setting{temperature: warmer, fresh: true}
	if asked > 0 {
		how.temperature = 0
	}
	segments, err := d.transcribe(ctx, w, language, how)
	return segments, fmt.Sprintf("temperature %g", how.temperature), err
}

func (d *decoder) inTurn(ctx context.Context, windows []window.Window, language string, how setting) ([]*jobv1.Segment, error) {
	var all []*jobv1.Segment
	for _, w := range windows {
		segments, err := d.transcribe(ctx, w, language, how)
		if err != nil {
			return nil, err
		}
		all = append(all, segments...)
	}
	return all, nil
}

// judge flags segments by what they say and by the sound of the chunk beneath.
func (d *decoder) judge(segments []*jobv1.Segment) {
	start := d.chunk.GetStartMs()
	quality.Judge(segments, func(startMs, endMs int64) float64 {
		return quality.Level(d.pcm, startMs-start, endMs-start)
	}, d.quietDB)
}

// farBelowDB is how far below the loudness of its recording no speech is meant to
// be heard.
const farBelowDB = 30

// quietDB is the level in dBFS below which there is no speech in a chunk: silence
// by the plan, or far below the rest of the recording. Plans without a loudness
// tell nothing.
func quietDB(plan *jobv1.Plan, chunk *jobv1.Chunk) float64 {
	loudness := plan.GetLoudness()
	if n := int(chunk.GetChannel()); n > 0 && n <= len(plan.GetChannels()) {
		loudness = plan.GetChannels()[n-1]
	}
	if loudness == nil {
		return quality.LowestDB
	}
	return loudness.GetGainDb() + max(loudness.GetSilenceDb(), loudness.GetIntegratedLufs()-farBelowDB)
}
