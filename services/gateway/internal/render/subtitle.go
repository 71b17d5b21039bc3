package render

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/stenomesh/stenomesh/services/gateway/internal/render/cue"
)

// writeSRT writes SubRip: numbered cues, a comma before the milliseconds, an empty
// line after each cue. Lines end with LF, which every player of today reads. The
// format has no escapes; an arrow, which would read as a time line, becomes →.
func writeSRT(w io.Writer, doc Document) error {
	out := bufio.NewWriter(w)
	for i, c := range cue.Build(doc.Transcript.GetSegments(), cue.Defaults()) {
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
	for _, c := range cue.Build(doc.Transcript.GetSegments(), cue.Defaults()) {
		_, _ = fmt.Fprintf(out, "\n%s --> %s\n%s\n",
			clockTime(c.StartMS, '.'), clockTime(c.EndMS, '.'), vttEscapes.Replace(c.Text()))
	}
	return out.Flush()
}

// clockTime writes milliseconds as hh:mm:ss and the milliseconds after the mark.
func clockTime(ms int64, mark rune) string {
	return fmt.Sprintf("%02d:%02d:%02d%c%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, mark, ms%1000)
}
