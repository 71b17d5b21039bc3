package cli

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

// queryFlags are what jobs of the history may be looked for by.
func queryFlags(fs *flag.FlagSet) *client.Query {
	query := &client.Query{}
	fs.IntVar(&query.Limit, "limit", 20, "at most so `many` jobs, 1 to 1000")
	fs.StringVar(&query.Cursor, "cursor", "", "go on `behind` an earlier page")
	fs.Func("status", "only jobs of this `status`, such as completed or failed; may be given again", func(status string) error {
		query.Statuses = append(query.Statuses, status)
		return nil
	})
	fs.StringVar(&query.Language, "language", "", "only jobs of this language `code`, such as en or ru")
	fs.StringVar(&query.Model, "model", "", "only jobs of this model `name`")
	fs.StringVar(&query.FileName, "file", "", "only recordings whose name `begins` so")
	fs.StringVar(&query.From, "from", "", "only jobs made on this `date` or later; or at a time such as 2026-03-01T12:00:00Z")
	fs.StringVar(&query.To, "to", "", "only jobs made on this `date` or earlier; or before a time")
	fs.BoolVar(&query.Oldest, "oldest", false, "the oldest first")
	return query
}

// find asks for a page of the history.
func (s *session) find(ctx context.Context, query client.Query) (client.Found, error) {
	if query.Limit < 1 || query.Limit > 1000 {
		return client.Found{}, usage("--limit goes from 1 to 1000")
	}
	c, err := s.connect(ctx)
	if err != nil {
		return client.Found{}, err
	}
	return c.Find(ctx, query)
}

// noteMore tells the command for the next page. command holds the operands, too.
func (s *session) noteMore(command string, query client.Query, found client.Found) {
	if found.NextCursor != "" {
		s.note("%d of %d jobs; more: steno %s%s --limit %d --cursor %s",
			len(found.Items), found.Total, command, filterText(query), query.Limit, printable(found.NextCursor))
	}
}

// filterText is the flags that a query was asked by, each with a space before it.
func filterText(query client.Query) string {
	var b strings.Builder
	for _, status := range query.Statuses {
		b.WriteString(" --status " + shellWord(status))
	}
	for _, f := range []struct{ name, value string }{
		{"language", query.Language}, {"model", query.Model}, {"file", query.FileName}, {"from", query.From}, {"to", query.To},
	} {
		if f.value != "" {
			fmt.Fprintf(&b, " --%s %s", f.name, shellWord(f.value))
		}
	}
	if query.Oldest {
		b.WriteString(" --oldest")
	}
	return b.String()
}

// shellWord quotes a text for a shell where it needs it.
func shellWord(text string) string {
	text = printable(text)
	special := func(r rune) bool { return strings.ContainsRune(" \t'\"\\$&|;<>()*?[]#~`!{}", r) }
	if text != "" && !strings.ContainsFunc(text, special) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
