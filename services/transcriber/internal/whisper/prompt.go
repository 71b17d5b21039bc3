package whisper

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// promptless is the temperature from which on libwhisper heeds no prompt.
const promptless = 0.5

// textShare is the part of the room, as a divisor, that keywords leave to the
// text of a prompt that needs it.
const textShare = 4

// fitPrompt puts the glossary and the text of a prompt together, the text last,
// as what was said right before; "Steno, mesh. Minutes of Monday." libwhisper
// would keep the end of what is too long, and cut through a keyword: so as many
// whole keywords as there is room for are taken, from the first, and then as much
// of the text's end. room is in tokens, as count counts them. used is the number
// of keywords taken.
func fitPrompt(text string, keywords []string, room int, count func(string) int) (prompt string, used int) {
	if len(keywords) == 0 {
		return text, 0
	}
	reserved := min(count(text), room/textShare)
	used = sort.Search(len(keywords), func(n int) bool { return count(glossary(keywords[:n+1])) > room-reserved })
	if used == 0 {
		return text, 0
	}
	list := glossary(keywords[:used])
	cut := sort.Search(len(text), func(at int) bool { return count(join(list, end(text, at))) <= room })
	return join(list, end(text, cut)), used
}

// glossary writes keywords as a sentence, so that what follows begins a new one.
func glossary(keywords []string) string { return strings.Join(keywords, ", ") + "." }

func join(list, text string) string { return strings.TrimSpace(list + " " + strings.TrimSpace(text)) }

// end returns the text from the first word that begins at a byte or after it; in a
// script without spaces from the first character.
func end(text string, at int) string {
	if at == 0 {
		return text
	}
	for at < len(text) && !utf8.RuneStart(text[at]) {
		at++
	}
	if space := strings.IndexByte(text[at:], ' '); space >= 0 {
		return text[at+space:]
	}
	return text[at:]
}
