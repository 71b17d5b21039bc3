package render

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render/cue"
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
	lines   []string // of its segments, none empty
	runes   int      // of all of them
}

// text is the paragraph on one line.
func (p *paragraph) text() string { return strings.Join(p.lines, " ") }

func (p *paragraph) add(line string) {
	p.lines = append(p.lines, line)
	p.runes += utf8.RuneCountInString(line)
}

// full reports whether a new paragraph had better begin: it has grown, and a
// sentence has ended.
func (p *paragraph) full() bool {
	return p.runes >= paragraphRunes && cue.EndsSentence(p.lines[len(p.lines)-1])
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
		text.WriteString(p.text() + "\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// paragraphsOf groups segments; those without text are left out.
func paragraphsOf(segments []*jobv1.Segment) []*paragraph {
	var paragraphs []*paragraph
	var current *paragraph
	var last *jobv1.Segment
	for _, s := range segments {
		text := singleLine(s.GetText())
		if text == "" {
			continue
		}
		if current == nil || startsParagraph(current, last, s) {
			current = &paragraph{startMS: s.GetStartMs(), speaker: s.GetSpeaker()}
			paragraphs = append(paragraphs, current)
		}
		current.add(text)
		last = s
	}
	return paragraphs
}

func startsParagraph(current *paragraph, last, next *jobv1.Segment) bool {
	return next.GetSpeaker() != last.GetSpeaker() ||
		next.GetStartMs()-last.GetEndMs() >= paragraphPauseMS || current.full()
}

// Text is all text on one line, as the JSON result has it.
func Text(segments []*jobv1.Segment) string {
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
