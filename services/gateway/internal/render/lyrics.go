package render

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/stenomesh/stenomesh/services/gateway/internal/render/cue"
)

// clearMS is a silence after which a player of lyrics had better show nothing.
const clearMS = 3000

// lrcText keeps brackets, which would read as times or tags, out of the words.
var lrcText = strings.NewReplacer("[", "(", "]", ")")

// writeLRC writes lyrics: one line a cue, with the time it begins in hundredths of
// a second. A line without words ends what is shown before a long silence.
func writeLRC(w io.Writer, doc Document) error {
	options := doc.Subtitles.options()
	options.MaxLines, options.Labels = 1, doc.Subtitles.Speakers
	cues := cue.Build(doc.Transcript.GetSegments(), options)
	out := bufio.NewWriter(w) // keeps its first error for Flush
	if title := lrcText.Replace(singleLine(doc.FileName)); title != "" {
		_, _ = fmt.Fprintf(out, "[ti:%s]\n", title)
	}
	for i, c := range cues {
		_, _ = fmt.Fprintf(out, "[%s]%s\n", lrcTime(c.StartMS), lrcText.Replace(c.Text()))
		if i+1 == len(cues) || cues[i+1].StartMS-c.EndMS >= clearMS {
			_, _ = fmt.Fprintf(out, "[%s]\n", lrcTime(c.EndMS))
		}
	}
	return out.Flush()
}

// lrcTime writes milliseconds as minutes, seconds and hundredths; the format knows
// no hours.
func lrcTime(ms int64) string {
	return fmt.Sprintf("%02d:%02d.%02d", ms/60_000, ms/1000%60, ms/10%100)
}
