package contract

import (
	"html/template"
	"regexp"
	"strings"
)

var (
	codeMark = regexp.MustCompile("`([^`]+)`")
	boldMark = regexp.MustCompile(`\*\*([^*]+)\*\*`)
)

// inline is a text of the document, in which `this` is code and **this** is bold.
func inline(text string) template.HTML {
	safe := template.HTMLEscapeString(strings.TrimSpace(text))
	safe = codeMark.ReplaceAllString(safe, "<code>$1</code>")
	return template.HTML(boldMark.ReplaceAllString(safe, "<b>$1</b>")) //nolint:gosec // escaped above
}

// paragraphs are the parts of a text with empty lines between them.
func paragraphs(text string) []template.HTML {
	var parts []template.HTML
	for part := range strings.SplitSeq(text, "\n\n") {
		if strings.TrimSpace(part) != "" {
			parts = append(parts, inline(part))
		}
	}
	return parts
}
