package render

import (
	"io"
	"strings"
	"unicode"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// What ends a paragraph, besides another speaker: a long pause, or a sentence end
// once the paragraph has grown.
const (
	paragraphPauseMS = 2000
	paragraphRunes   = 600
)

// paragraph is a stretch of segments that reads as one.
type paragraph struct {
	startMS int64
	speaker string
	text    string
}

// writeText writes paragraphs with an empty line between them.
func writeText(w io.Writer, doc Document) error {
	var text strings.Builder
	for i, p := range paragraphsOf(doc.Transcript.GetSegments()) {
		if i > 0 {
			text.WriteByte('\n')
		}
		if p.speaker != "" {
			text.WriteString(p.speaker + ": ")
		}
		text.WriteString(p.text + "\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// paragraphsOf groups segments; those without text are left out.
func paragraphsOf(segments []*jobv1.Segment) []paragraph {
	var paragraphs []paragraph
	var last *jobv1.Segment
	for _, s := range segments {
		text := singleLine(s.GetText())
		if text == "" {
			continue
		}
		if last == nil || startsParagraph(paragraphs[len(paragraphs)-1], last, s) {
			paragraphs = append(paragraphs, paragraph{startMS: s.GetStartMs(), speaker: s.GetSpeaker(), text: text})
		} else {
			paragraphs[len(paragraphs)-1].text += " " + text
		}
		last = s
	}
	return paragraphs
}

func startsParagraph(current paragraph, last, next *jobv1.Segment) bool {
	return next.GetSpeaker() != last.GetSpeaker() ||
		next.GetStartMs()-last.GetEndMs() >= paragraphPauseMS ||
		len(current.text) >= paragraphRunes && strings.HasSuffix(current.text, ".")
}

// fullText is all text on one line, as the JSON result has it.
func fullText(segments []*jobv1.Segment) string {
	var parts []string
	for _, s := range segments {
		if text := singleLine(s.GetText()); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, " ")
}

// singleLine is a text with single spaces and without control characters, which no
// format can hold.
func singleLine(text string) string {
	kept := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.Fields(kept), " ")
}
