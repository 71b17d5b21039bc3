package cli

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

func searchCommand() command {
	return command{
		name: "search", operands: "WORDS...", summary: "finds jobs by what was said",
		help: `A job is found when all words are in its transcript, in any form of them in English
and Russian. Below each job stands what was said around them.

Examples
  steno search budget meeting
  steno search '"annual report"' --from 2026-01-01
`,
		setup: func(fs *flag.FlagSet) work {
			query := queryFlags(fs)
			asJSON := jsonFlag(fs)
			return func(ctx context.Context, s *session, operands []string) error {
				query.Words = strings.TrimSpace(strings.Join(operands, " "))
				if query.Words == "" {
					return usage("search wants words to look for; `steno history` lists all jobs")
				}
				return s.search(ctx, *query, *asJSON)
			}
		},
	}
}

func (s *session) search(ctx context.Context, query client.Query, asJSON bool) error {
	found, err := s.find(ctx, query)
	if err != nil {
		return err
	}
	if asJSON {
		return s.printJSON(found)
	}
	if len(found.Items) == 0 {
		s.note("no transcript has these words")
		return nil
	}
	var b strings.Builder
	for _, job := range found.Items {
		fmt.Fprintf(&b, "%s  %s  %s  %s\n", printable(job.TaskID), timeText(job.CreatedAt, s.Location),
			lengthText(job.DurationSeconds), printable(orDash(job.FileName)))
		if job.Match != "" {
			fmt.Fprintf(&b, "    %s\n", printable(job.Match))
		}
	}
	if err := s.print(b.String()); err != nil {
		return err
	}
	s.noteMore("search "+shellWord(query.Words), query, found)
	return nil
}
