package render

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// writeTSV writes a row a segment as Whisper's own tool does: start and end in whole
// milliseconds, the text, tabs between them. There is no quoting: singleLine leaves
// neither tabs nor line ends in a text.
func writeTSV(w io.Writer, doc Document) error {
	out := bufio.NewWriter(w) // keeps its first error for Flush
	_, _ = out.WriteString("start\tend\ttext\n")
	for _, s := range doc.Transcript.GetSegments() {
		_, _ = fmt.Fprintf(out, "%d\t%d\t%s\n", s.GetStartMs(), s.GetEndMs(), singleLine(s.GetText()))
	}
	return out.Flush()
}

// writeCSV writes a row a segment as RFC 4180 has it. Spreadsheets take a cell that
// begins like a formula for one: such a text gets an apostrophe before it.
func writeCSV(w io.Writer, doc Document) error {
	out := csv.NewWriter(w) // keeps its first error for Flush
	out.UseCRLF = true
	_ = out.Write([]string{"start", "end", "speaker", "language", "text"})
	for _, s := range doc.Transcript.GetSegments() {
		_ = out.Write([]string{
			cellTime(s.GetStartMs()), cellTime(s.GetEndMs()),
			cell(s.GetSpeaker()), cell(s.GetLanguage()), cell(s.GetText()),
		})
	}
	out.Flush()
	return out.Error()
}

// cell is a text that no spreadsheet calculates, in the wide forms of the marks
// neither.
func cell(text string) string {
	text = singleLine(text)
	if first, _ := utf8.DecodeRuneInString(text); strings.ContainsRune("=+-@＝＋－＠", first) {
		return "'" + text
	}
	return text
}

// cellTime is a time in seconds, for example 12.340.
func cellTime(ms int64) string {
	text, _ := Seconds(max(0, ms)).MarshalJSON() // which never fails
	return string(text)
}
