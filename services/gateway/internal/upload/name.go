package upload

import (
	"strings"
	"unicode"
)

const (
	longestName = 200 // characters
	noName      = "recording"
)

// cleanName makes a file name of what a client sent as one: without folders,
// control characters and what changes the direction of text, and not too long.
// Names in any script survive.
func cleanName(sent string) string {
	sent = strings.ToValidUTF8(sent, "")
	if i := strings.LastIndexAny(sent, `/\`); i >= 0 {
		sent = sent[i+1:]
	}
	name := strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return -1
		}
		return r
	}, sent))
	if runes := []rune(name); len(runes) > longestName {
		name = string(runes[:longestName])
	}
	if strings.Trim(name, ".") == "" {
		return noName
	}
	return name
}
