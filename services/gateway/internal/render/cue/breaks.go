package cue

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a break between two tokens costs, by what stands around it.
const (
	breakSentence = 0.0
	breakClause   = 10.0
	breakPause    = 15.0 // a silence one hears
	breakBefore   = 20.0 // before a word that begins a clause
	breakPlain    = 60.0
	breakSticky   = 110.0 // after a word that belongs to the next
	breakWord     = 400.0 // inside a word or number
	heardPauseMS  = 250
)

// breakCost tells how bad it is to end a line or cue between a and b.
func breakCost(a, b token) float64 {
	switch {
	case b.glued, a.label:
		return breakWord
	case EndsSentence(a.text):
		return breakSentence
	case endsClause(a.text):
		return breakClause
	case a.endsPiece, b.startMS-a.endMS >= heardPauseMS:
		return breakPause
	case sticky[bare(a.text)]:
		return breakSticky
	case opening[bare(b.text)]:
		return breakBefore
	default:
		return breakPlain
	}
}

// sticky words lean on the word after them.
var sticky = setOf(`a an the of in on at to from by with for and or but my your his her its our their this that
	mr mrs dr no not very в во на с со к ко у о об от до из за под над при по для без и а но или не ни мой
	твой его её их наш ваш этот эта это`)

// opening words begin a clause or phrase.
var opening = setOf(`and or but because so that which who when where while if although than as with for from to in
	on at by и а но или что чтобы потому когда где если хотя который которая которое которые как
	чем в на с к от до из за для без по`)

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(words) {
		set[word] = true
	}
	return set
}

// bare is a word without case and punctuation around it.
func bare(text string) string {
	return strings.ToLower(strings.TrimFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r)
	}))
}

// EndsSentence reports whether a word, or the last of a text, carries the end of a
// sentence, before any quotation marks and brackets that close it.
func EndsSentence(text string) bool { return strings.ContainsRune(".!?…。！？", lastMark(text)) }

func endsClause(text string) bool {
	return strings.ContainsRune(",;:—–،、，；：", lastMark(text))
}

func lastMark(text string) rune {
	trimmed := strings.TrimRight(text, `"'»”’)]}`)
	if trimmed == "" {
		trimmed = text
	}
	r, _ := utf8.DecodeLastRuneInString(trimmed)
	return r
}
