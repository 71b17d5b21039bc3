package render

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/stenomesh/stenomesh/services/gateway/internal/render/cue"
)

// Subtitles is how cues are made and written. The zero value is usual: the cues of
// cue.Defaults, and nobody is named.
type Subtitles struct {
	// Cues are the limits; nil for cue.Defaults.
	Cues *cue.Options
	// Speakers names who speaks, where that is known: in SubRip before the first words
	// of each turn, in WebVTT as the voice of each cue.
	Speakers bool
}

func (s Subtitles) options() cue.Options {
	defaults := cue.Defaults()
	return *cmp.Or(s.Cues, &defaults)
}

// writeSRT writes SubRip: numbered cues, a comma before the milliseconds, an empty
// line after each cue. Lines end with LF, which every player of today reads. The
// format has no escapes; an arrow, which would read as a time line, becomes →.
func writeSRT(w io.Writer, doc Document) error {
	options := doc.Subtitles.options()
	options.Labels = doc.Subtitles.Speakers
	out := bufio.NewWriter(w)
	for i, c := range cue.Build(doc.Transcript.GetSegments(), options) {
		text := strings.ReplaceAll(c.Text(), "-->", "→")
		// A bufio.Writer keeps its first error for Flush.
		_, _ = fmt.Fprintf(out, "%d\n%s --> %s\n%s\n\n",
			i+1, clockTime(c.StartMS, ','), clockTime(c.EndMS, ','), text)
	}
	return out.Flush()
}

var vttEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// writeVTT writes WebVTT with the three characters escaped that it gives a meaning.
func writeVTT(w io.Writer, doc Document) error {
	out := bufio.NewWriter(w)
	_, _ = out.WriteString("WEBVTT\n") // a bufio.Writer keeps its first error for Flush
	for _, c := range cue.Build(doc.Transcript.GetSegments(), doc.Subtitles.options()) {
		voice := ""
		if name := singleLine(c.Speaker); doc.Subtitles.Speakers && name != "" {
			voice = "<v " + vttEscapes.Replace(name) + ">"
		}
		_, _ = fmt.Fprintf(out, "\n%s --> %s\n%s%s\n",
			clockTime(c.StartMS, '.'), clockTime(c.EndMS, '.'), voice, vttEscapes.Replace(c.Text()))
	}
	return out.Flush()
}

// clockTime writes milliseconds as hh:mm:ss and the milliseconds after the mark.
func clockTime(ms int64, mark rune) string {
	return fmt.Sprintf("%02d:%02d:%02d%c%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, mark, ms%1000)
}
