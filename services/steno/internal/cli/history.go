package cli

import (
	"context"
	"flag"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

func historyCommand() command {
	return command{
		name: "history", summary: "lists your jobs, the newest first",
		help: `When there are more, the last line tells the --cursor of the next page.

Examples
  steno history --status failed --status cancelled
  steno history --language ru --from 2026-03-01 --to 2026-03-31
  steno history --file interview --oldest
`,
		setup: func(fs *flag.FlagSet) work {
			query := queryFlags(fs)
			asJSON := jsonFlag(fs)
			return func(ctx context.Context, s *session, operands []string) error {
				if len(operands) != 0 {
					return usage("history takes no arguments, only flags; `steno search WORDS` looks into the transcripts")
				}
				return s.history(ctx, *query, *asJSON)
			}
		},
	}
}

func (s *session) history(ctx context.Context, query client.Query, asJSON bool) error {
	found, err := s.find(ctx, query)
	if err != nil {
		return err
	}
	switch {
	case asJSON:
		return s.printJSON(found)
	case len(found.Items) > 0:
	case filterText(query) == "":
		s.note("no jobs here; `steno transcribe FILE` makes one")
		return nil
	default:
		s.note("no job is like that")
		return nil
	}
	if err := s.print(table(s.historyRows(found.Items))); err != nil {
		return err
	}
	s.noteMore("history", query, found)
	return nil
}

func (s *session) historyRows(jobs []client.FoundJob) [][]string {
	rows := [][]string{{"TASK", "CREATED", "STATUS", "LENGTH", "LANGUAGE", "MODEL", "FILE"}}
	for _, job := range jobs {
		rows = append(rows, []string{
			job.TaskID, timeText(job.CreatedAt, s.Location), statusText(job.Status), lengthText(job.DurationSeconds),
			orDash(job.Language), orDash(job.Model), orDash(job.FileName),
		})
	}
	return rows
}
