package edit

import (
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
)

// Bounds of what a user may send.
const (
	mostSegments   = 50_000
	longestText    = 10_000 // characters of a segment
	longestSpeaker = 100    // characters
)

// Body is what a client sends. Times are in seconds.
type Body struct {
	Segments *[]struct {
		Start   *float64 `json:"start"`
		End     *float64 `json:"end"`
		Text    *string  `json:"text"`
		Speaker *string  `json:"speaker"`
	} `json:"segments"`
}

// Parse reads the segments of a body for a recording of some length (0: unknown) in
// milliseconds, and makes each text one line. Invalid, code "invalid_json": something is
// missing. Unprocessable, code "invalid_segments": the times leave the recording or go
// back, or a text is empty or too long. The problem names the segment by its index.
func Parse(body Body, durationMs int64) ([]Segment, error) {
	if body.Segments == nil {
		return nil, problem.With(fault.New(fault.Invalid, "invalid_json", "The field segments is missing."), "field", "segments")
	}
	if len(*body.Segments) > mostSegments {
		return nil, fault.New(fault.Unprocessable, "invalid_segments", fmt.Sprintf("There are more than %d segments.", mostSegments))
	}
	segments := make([]Segment, 0, len(*body.Segments))
	last := int64(0)
	for n, sent := range *body.Segments {
		if sent.Start == nil || sent.End == nil || sent.Text == nil {
			return nil, at(n, fault.New(fault.Invalid, "invalid_json", "A segment has a start, an end and a text."))
		}
		s := Segment{StartMs: milliseconds(*sent.Start), EndMs: milliseconds(*sent.End), Text: oneLine(*sent.Text)}
		if sent.Speaker != nil {
			name := oneLine(*sent.Speaker)
			s.Speaker = &name
		}
		if err := s.check(last, durationMs); err != nil {
			return nil, at(n, err)
		}
		last = s.StartMs
		segments = append(segments, s)
	}
	return segments, nil
}

// check says what is wrong with a segment behind one that begins at last.
func (s Segment) check(last, durationMs int64) error {
	wrong := ""
	switch {
	case s.StartMs < 0 || s.EndMs < s.StartMs:
		wrong = "A segment begins at 0 or later and does not end before it begins."
	case s.StartMs < last:
		wrong = "Segments stand in the order in which they begin."
	case durationMs > 0 && s.EndMs > durationMs:
		wrong = "A segment ends with the recording at the latest."
	case s.Text == "":
		wrong = "A segment has a text; leave out one that says nothing."
	case utf8.RuneCountInString(s.Text) > longestText:
		wrong = fmt.Sprintf("The text of a segment has at most %d characters.", longestText)
	case s.Speaker != nil && utf8.RuneCountInString(*s.Speaker) > longestSpeaker:
		wrong = fmt.Sprintf("The name of a speaker has at most %d characters.", longestSpeaker)
	default:
		return nil
	}
	return fault.New(fault.Unprocessable, "invalid_segments", wrong)
}

func at(segment int, err error) error { return problem.With(err, "segment", segment) }

// milliseconds turns seconds into milliseconds; what is out of any range becomes -1 or
// the largest there is.
func milliseconds(seconds float64) int64 {
	switch ms := math.Round(seconds * 1000); {
	case ms < 0:
		return -1
	case ms > math.MaxInt32*1000:
		return math.MaxInt32 * 1000
	default:
		return int64(ms)
	}
}

// oneLine makes single spaces of white space and of what cannot be seen.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}
