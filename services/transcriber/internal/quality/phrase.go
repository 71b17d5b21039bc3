package quality

import (
	_ "embed"
	"strings"

	"github.com/stenomesh/stenomesh/pkg/transcript"
)

// phraseFile lists the phrases; its head tells how.
//
//go:embed phrases.txt
var phraseFile string

// phrases has the kind of each phrase, by its normalised words.
var phrases = parsePhrases(phraseFile)

// kind is what sort of phrase a whole segment is.
type kind int

const (
	// speech is everything that is on no list.
	speech kind = iota
	// courtesy is what people say as well as models.
	courtesy
	// credit is what hardly anybody says.
	credit
)

var kinds = map[string]kind{"[credit]": credit, "[courtesy]": courtesy}

// phraseOf returns the kind of a text. A list entry that ends with an ellipsis
// fits every text that begins so, if it is not much longer.
func phraseOf(text string) kind {
	words := transcript.Words(text)
	if exact, known := phrases[strings.Join(words, " ")]; known {
		return exact
	}
	for n := min(len(words), longestEntry); n > 0 && len(words)-n <= restWords; n-- {
		if open, known := phrases[strings.Join(words[:n], " ")+rest]; known {
			return open
		}
	}
	return speech
}

const (
	rest         = " …" // marks an entry that goes on
	restWords    = 5    // how many words it may go on for: names, mostly
	longestEntry = 12   // words
)

// parsePhrases reads the file: a line for each phrase under the head of its kind.
func parsePhrases(file string) map[string]kind {
	found := map[string]kind{}
	current := speech
	for line := range strings.Lines(file) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if head, is := kinds[line]; is {
			current = head
			continue
		}
		key := strings.Join(transcript.Words(line), " ")
		if strings.HasSuffix(line, "…") {
			key += rest
		}
		found[key] = current
	}
	return found
}
