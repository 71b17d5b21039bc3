// Package prepare turns one recording into what can be transcribed: it probes
// and decodes the file once, measures loudness and silence on the way, and
// decides where to cut. It ties the packages beside it together and knows
// nothing of jobs; the worker of the service does.
//
//	file ─ media.Probe ─ decode.Run ─┬─ scratch file ──────────────── pieces.Write
//	                                 ├─ loudness.Meter ─ gain ──┬────────┤
//	                                 └─ silence.Track ──────────┴─ segment.Pieces
//
// Where each channel is wanted by itself, all that stands right of decode.Run is there
// once for each.
package prepare

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stenomesh/stenomesh/pkg/segment"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/channels"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/decode"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/ffmpeg"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/loudness"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/media"
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
	// Split asks for each channel by itself, where there are several.
	Split bool
	// Progress is told how many milliseconds are decoded, and how many there
	// will be, 0 if unknown; about once for each second of sound. May be nil.
	Progress func(doneMs, totalMs int64)
}

// Prepared is what became of it.
type Prepared struct {
	Media      media.Info
	DurationMs int64 // of the decoded sound
	// Tracks is a mix of all channels, or has each channel in its order.
	Tracks []Track
	// Warnings are sentences for the user.
	Warnings []string
}

// Track is the sound of a recording, or of one channel of it.
type Track struct {
	Channel  uint32 // from 1; 0 for a mix
	Loudness loudness.Measure
	Silence  silence.Map
	Pieces   []segment.Piece // none if there is no speech
	// PCM is the path of the whole track in the form of package pcm, without gain,
	// in the scratch folder.
	PCM string
}

// File prepares one recording. Memory stays at 400 bytes for each second of
// it and each channel that is taken by itself. The error is a fault of package media
// when the recording is to blame, and anything else when another try may help.
func File(ctx context.Context, cfg Config, r Request) (Prepared, error) {
	info, err := media.Probe(ctx, cfg.Tools, r.Path, r.Scratch)
	if err != nil {
		return Prepared{}, err
	}
	count, warning, err := channelsOf(info, r.Split)
	if err != nil {
		return Prepared{}, err
	}
	if !info.Estimated && info.ClaimedMs*int64(count) > cfg.Recording.Milliseconds() {
		return Prepared{}, media.TooLong(cfg.Recording, count)
	}
	sound, err := measure(ctx, cfg, r, info, count)
	if err != nil {
		return Prepared{}, err
	}
	sound.Media = info
	sound.Warnings = slices.Concat(warning, sound.Warnings, warnings(info, sound.DurationMs))
	rule := segment.ChunkRule(sound.DurationMs)
	if r.Whole {
		rule = rule.Whole()
	}
	for n := range sound.Tracks {
		track := &sound.Tracks[n]
		track.Pieces = segment.Pieces(sound.DurationMs, track.Silence.Speech, rule)
	}
	return sound, nil
}

// measure decodes the recording into scratch files and listens on the way.
func measure(ctx context.Context, cfg Config, r Request, info media.Info, count int) (Prepared, error) {
	listeners, err := newListeners(r, info, count)
	if err != nil {
		return Prepared{}, err
	}
	defer listeners.discard()
	sink := listeners.sink()
	limits := decode.Limits{Recording: cfg.Recording, Wall: cfg.Wall}
	ms, err := decode.Run(ctx, cfg.Tools, limits, r.Path, r.Scratch, info, count, sink)
	if err != nil {
		return Prepared{}, err
	}
	tracks, err := listeners.tracks()
	if err != nil {
		return Prepared{}, err
	}
	prepared := Prepared{DurationMs: ms, Tracks: tracks}
	if splitter, split := sink.(*channels.Splitter); split {
		prepared.join(splitter)
	}
	return prepared, nil
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
