package assemble

import (
	"google.golang.org/protobuf/proto"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// tidy returns copies of the segments that say something, with times that never
// go back and never leave [0, durationMs]. A duration of 0 bounds nothing.
func tidy(segments []*jobv1.Segment, durationMs int64) []*jobv1.Segment {
	tidied := make([]*jobv1.Segment, 0, len(segments))
	last := int64(0)
	within := func(ms int64) int64 {
		ms = max(ms, last)
		if durationMs > 0 {
			ms = min(ms, durationMs)
		}
		last = ms
		return ms
	}
	for _, segment := range segments {
		if segment.GetText() == "" {
			continue
		}
		segment = proto.CloneOf(segment)
		segment.StartMs = within(segment.GetStartMs())
		for _, word := range segment.GetWords() {
			word.StartMs = within(word.GetStartMs())
			word.EndMs = within(word.GetEndMs())
		}
		segment.EndMs = within(segment.GetEndMs())
		tidied = append(tidied, segment)
	}
	return tidied
}

// mainLanguage returns the language of most milliseconds of speech, the first
// in the alphabet of equals, "" without speech.
func mainLanguage(segments []*jobv1.Segment) string {
	spoken := map[string]int64{}
	for _, s := range segments {
		// One more, so that a segment without length still counts.
		spoken[s.GetLanguage()] += s.GetEndMs() - s.GetStartMs() + 1
	}
	main := ""
	for language, ms := range spoken {
		if most := spoken[main]; ms > most || ms == most && language < main {
			main = language
		}
	}
	return main
}
