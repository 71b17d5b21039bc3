// Package prepare turns one recording into what can be transcribed: it probes
// and decodes the file once, measures loudness and silence on the way, and
// decides where to cut. It ties the packages beside it together and knows
// nothing of jobs; the worker of the service does.
//
//	file ─ media.Probe ─ decode.Run ─┬─ scratch file ──────────────── pieces.Write
//	                                 ├─ loudness.Meter ─ gain ──┬────────┤
//	                                 └─ silence.Track ──────────┴─ segment.Pieces
package prepare

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/stenomesh/stenomesh/pkg/segment"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/decode"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/ffmpeg"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/loudness"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/media"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/pcm"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/silence"
)

// Config says how recordings are prepared.
type Config struct {
	Tools     ffmpeg.Tools
	Recording time.Duration // longest recording that is taken
	Wall      time.Duration // longest time a decode may take
}

// Request is one recording.
type Request struct {
	Path    string // absolute path of the file
	Scratch string // a private folder; the caller removes it
	// Whole keeps silence in the pieces.
	Whole bool
	// Progress is told how many milliseconds are decoded, and how many there
	// will be, 0 if unknown; about once for each second of sound. May be nil.
	Progress func(doneMs, totalMs int64)
}

// Prepared is what became of it.
type Prepared struct {
	Media      media.Info
	DurationMs int64 // of the decoded sound
	Loudness   loudness.Measure
	Silence    silence.Map
	Pieces     []segment.Piece // none if there is no speech
	// PCM is the path of the whole recording in the form of package pcm,
	// without gain, in the scratch folder.
	PCM string
	// Warnings are sentences for the user.
	Warnings []string
}

// File prepares one recording. Memory stays at 400 bytes for each second of
// it. The error is a fault of package media when the recording is to blame,
// and anything else when another try may help.
func File(ctx context.Context, cfg Config, r Request) (Prepared, error) {
	info, err := media.Probe(ctx, cfg.Tools, r.Path, r.Scratch)
	if err != nil {
		return Prepared{}, err
	}
	if !info.Estimated && info.ClaimedMs > cfg.Recording.Milliseconds() {
		return Prepared{}, media.TooLong(cfg.Recording)
	}
	sound, err := measure(ctx, cfg, r, info)
	if err != nil {
		return Prepared{}, err
	}
	sound.Media, sound.Warnings = info, warnings(info, sound.DurationMs)
	rule := segment.ChunkRule(sound.DurationMs)
	if r.Whole {
		rule = rule.Whole()
	}
	sound.Pieces = segment.Pieces(sound.DurationMs, sound.Silence.Speech, rule)
	return sound, nil
}

// measure decodes the recording into the scratch file and listens on the way.
func measure(ctx context.Context, cfg Config, r Request, info media.Info) (Prepared, error) {
	file, err := newScratch(r.Scratch)
	if err != nil {
		return Prepared{}, err
	}
	defer file.discard()
	meter, track := loudness.NewMeter(), new(silence.Track)
	splitter := pcm.NewSplitter(meter, track, &reporter{report: r.Progress, totalMs: info.ClaimedMs})

	limits := decode.Limits{Recording: cfg.Recording, Wall: cfg.Wall}
	sink := io.MultiWriter(file, splitter)
	ms, err := decode.Run(ctx, cfg.Tools, limits, r.Path, r.Scratch, info, sink)
	if err != nil {
		return Prepared{}, err
	}
	if err := file.finish(); err != nil {
		return Prepared{}, err
	}
	heard := meter.Measure()
	return Prepared{DurationMs: ms, Loudness: heard, Silence: track.Map(heard.GainDB()), PCM: file.path}, nil
}

// warnings compares what the header promised with what there was.
func warnings(info media.Info, durationMs int64) []string {
	missing := info.ClaimedMs - durationMs
	if info.Video || info.Estimated || missing < 2000 || missing*50 < info.ClaimedMs {
		return nil
	}
	return []string{fmt.Sprintf(
		"The recording seems to be cut off: it should last %d seconds, but only %d could be read.",
		info.ClaimedMs/1000, durationMs/1000)}
}
