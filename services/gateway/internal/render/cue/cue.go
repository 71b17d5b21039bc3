// Package cue turns the words of a transcript into subtitle cues: short texts of
// a few lines, shown one after another. It knows nothing of file formats; package
// render writes the cues as SRT and WebVTT.
//
// The words of one sentence make a run. A run is cut into cues by the cheapest
// way to cut it (see partition.go), each cue into lines the same way (line.go),
// and then each cue gets the time it is shown (timing.go).
package cue

import (
	"strings"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Cue is one subtitle.
type Cue struct {
	StartMS int64    // first shown, in the original recording
	EndMS   int64    // after StartMS and not after the next cue's StartMS
	Lines   []string // 1 to Options.MaxLines lines, none longer than Options.MaxLineLength
	Speaker string   // who says all of it, empty if unknown
}

// Text returns the lines with line feeds between them.
func (c Cue) Text() string { return strings.Join(c.Lines, "\n") }

// Options are the limits cues are made to. The first two always hold; times give
// way to the recording: a cue is never shown into the next one.
type Options struct {
	MaxLineLength int   // characters (runes) a line, at least 1
	MaxLines      int   // lines a cue, at least 1
	MinDurationMS int64 // a shorter cue stays longer, if there is room
	MaxDurationMS int64 // a longer cue is cut, or ends early
	MinGapMS      int64 // blank time before the next cue, if there is room
	// MaxCPS is how many characters a second a viewer can read: a cue that is spoken
	// faster stays longer, if there is room. 0 for no limit.
	MaxCPS float64
	// Labels puts the name of a speaker, with a colon, before the first words of each
	// turn; it counts as a word of the line.
	Labels bool
}

// Defaults are the limits most television guides agree on.
func Defaults() Options {
	return Options{MaxLineLength: 42, MaxLines: 2, MinDurationMS: 1000, MaxDurationMS: 7000, MinGapMS: 80, MaxCPS: 17}
}

// Build makes the cues of segments, which are in time order. Every word of them is
// in exactly one cue, in order; a word longer than a line is cut. Times that make
// no sense (negative, backwards) are moved as little as gives ordered cues.
func Build(segments []*jobv1.Segment, o Options) []Cue {
	var cues []Cue
	for _, run := range runsOf(tokensOf(segments, o)) {
		cues = append(cues, cutRun(run, o)...)
	}
	setTimes(cues, o)
	return cues
}

// cutRun makes the cues of one run, timed as it was spoken.
func cutRun(run []token, o Options) []Cue {
	var cues []Cue
	from := 0
	for _, to := range partition(run, o) {
		part := run[from:to]
		cues = append(cues, Cue{
			StartMS: part[0].startMS,
			EndMS:   part[len(part)-1].endMS,
			Lines:   breakLines(part, o),
			Speaker: part[0].speaker,
		})
		from = to
	}
	return cues
}
