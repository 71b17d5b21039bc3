package assemble

import jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"

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
