package cue

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// latestMS keeps sums of times far from overflow: 1000 hours.
const latestMS = 1000 * 3600 * 1000

// pauseMS is a silence that ends a run even in the middle of a sentence.
const pauseMS = 1500

// token is the smallest thing that is not cut: a word, or a piece of one that is
// longer than a line.
type token struct {
	text      string // no white space, 1 to MaxLineLength runes
	runes     int
	startMS   int64
	endMS     int64
	glued     bool // no space before it
	endsRun   bool // nothing after it may share its cue
	endsPiece bool // last of its segment
	speaker   string
	label     bool // the name of the speaker, which is not spoken
}

// tokensOf lists the words of all segments; their times never go backwards.
func tokensOf(segments []*jobv1.Segment, o Options) []token {
	var tokens []token
	speaker := ""
	for _, segment := range segments {
		added := segmentTokens(segment, o.MaxLineLength)
		if len(added) == 0 {
			continue
		}
		last := &added[len(added)-1]
		last.endsPiece, last.endsRun = true, EndsSentence(last.text)
		if o.Labels && segment.GetSpeaker() != "" && segment.GetSpeaker() != speaker {
			added = append(labelOf(segment.GetSpeaker(), added[0].startMS, o.MaxLineLength), added...)
		}
		speaker = segment.GetSpeaker()
		for i := range added {
			added[i].speaker = speaker
		}
		tokens = append(tokens, added...)
	}
	straighten(tokens)
	return tokens
}

// labelOf is the name of who begins to speak at a time.
func labelOf(speaker string, atMS int64, maxRunes int) []token {
	label := pieces(&jobv1.Word{StartMs: atMS, EndMs: atMS, Text: speaker + ":"}, false, maxRunes)
	for i := range label {
		label[i].label = true
	}
	return label
}

// segmentTokens lists the words of one segment. A segment that came without word
// times has them spread over its length.
func segmentTokens(segment *jobv1.Segment, maxRunes int) []token {
	words := segment.GetWords()
	if len(words) == 0 {
		words = []*jobv1.Word{{
			StartMs: segment.GetStartMs(), EndMs: segment.GetEndMs(), Text: segment.GetText(),
		}}
	}
	// The text tells whether words are written together, as in Chinese.
	places := transcript.Places(segment.GetText(), words)
	var tokens []token
	for i, word := range words {
		glued := i > 0 && places != nil && places[i-1].To == places[i].From
		tokens = append(tokens, pieces(word, glued, maxRunes)...)
	}
	return tokens
}

// pieces cuts one word at white space, and what is longer than a line by force.
func pieces(word *jobv1.Word, glued bool, maxRunes int) []token {
	var tokens []token
	for _, field := range strings.Fields(printable(word.GetText())) {
		runes := []rune(field)
		for len(runes) > 0 {
			n := min(len(runes), maxRunes)
			tokens = append(tokens, token{text: string(runes[:n]), runes: n, glued: glued})
			runes, glued = runes[n:], true
		}
		glued = false
	}
	start := clamp(word.GetStartMs(), 0, latestMS)
	length := clamp(word.GetEndMs(), start, latestMS) - start
	for i := range tokens {
		tokens[i].startMS = start + length*int64(i)/int64(len(tokens))
		tokens[i].endMS = start + length*int64(i+1)/int64(len(tokens))
	}
	return tokens
}

// printable drops what would break a subtitle file: control characters and bytes
// that are not UTF-8.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, text)
}

// straighten makes starts, and ends, never decrease.
func straighten(tokens []token) {
	var start, end int64
	for i := range tokens {
		t := &tokens[i]
		start = max(start, t.startMS)
		end = max(end, start, t.endMS)
		t.startMS, t.endMS = start, end
	}
}

// runsOf cuts the tokens where a cue must end in any case.
func runsOf(tokens []token) [][]token {
	var runs [][]token
	from := 0
	for i := range tokens {
		if i+1 == len(tokens) || endsRun(tokens[i], tokens[i+1]) {
			runs = append(runs, tokens[from:i+1])
			from = i + 1
		}
	}
	return runs
}

func endsRun(last, next token) bool {
	return last.endsRun || next.speaker != last.speaker || next.startMS-last.endMS >= pauseMS
}

func clamp(v, lowest, highest int64) int64 { return max(lowest, min(v, highest)) }
