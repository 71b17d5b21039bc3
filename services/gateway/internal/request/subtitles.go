package request

import (
	"fmt"
	"math"
	"net/url"
	"strconv"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render/cue"
)

// Ranges of subtitle options. Durations are in seconds.
var (
	lineLengths = span{10, 120}
	lineCounts  = span{1, 4}
	readSpeeds  = span{0, 100} // characters a second; 0 for any
	minimums    = span{0, 30}
	maximums    = span{0.5, 60}
	gaps        = span{0, 5}
)

// span is what a number may be, both ends included.
type span struct{ from, to float64 }

// Subtitles reads the options for subtitles in a query: max_line_length, max_lines,
// max_cps, min_duration, max_duration, min_gap, speakers. What is missing or empty
// has its default. Invalid, code "invalid_parameter": a value makes no sense; the
// problem names the field.
func Subtitles(query url.Values) (render.Subtitles, error) {
	options := cue.Defaults()
	r := reader{query: query}
	options.MaxLineLength = int(r.number("max_line_length", float64(options.MaxLineLength), lineLengths, whole))
	options.MaxLines = int(r.number("max_lines", float64(options.MaxLines), lineCounts, whole))
	options.MaxCPS = r.number("max_cps", options.MaxCPS, readSpeeds, !whole)
	options.MinDurationMS = r.seconds("min_duration", options.MinDurationMS, minimums)
	options.MaxDurationMS = r.seconds("max_duration", options.MaxDurationMS, maximums)
	options.MinGapMS = r.seconds("min_gap", options.MinGapMS, gaps)
	speakers := r.flag("speakers")
	if r.err == nil && options.MinDurationMS > options.MaxDurationMS {
		r.refuse("min_duration", "The parameter min_duration is not above max_duration.")
	}
	return render.Subtitles{Cues: &options, Speakers: speakers}, r.err
}

// whole says that a number has no fraction.
const whole = true

// reader reads parameters and keeps the first error.
type reader struct {
	query url.Values
	err   error
}

func (r *reader) number(name string, usual float64, within span, whole bool) float64 {
	raw := r.query.Get(name)
	if raw == "" {
		return usual
	}
	n, err := strconv.ParseFloat(raw, 64)
	if err != nil || !(n >= within.from && n <= within.to) || whole && n != math.Trunc(n) {
		kind := "number"
		if whole {
			kind = "whole number"
		}
		r.refuse(name, fmt.Sprintf("The parameter %s is a %s from %v to %v.", name, kind, within.from, within.to))
		return usual
	}
	return n
}

func (r *reader) seconds(name string, usualMS int64, within span) int64 {
	return int64(math.Round(1000 * r.number(name, float64(usualMS)/1000, within, !whole)))
}

func (r *reader) flag(name string) bool {
	raw := r.query.Get(name)
	if raw == "" {
		return false
	}
	on, err := strconv.ParseBool(raw)
	if err != nil {
		r.refuse(name, "The parameter "+name+" is true or false.")
	}
	return on
}

func (r *reader) refuse(name, message string) {
	if r.err == nil {
		r.err = problem.With(fault.New(fault.Invalid, "invalid_parameter", message), "field", name)
	}
}
