package cli

import (
	"context"
	"flag"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

func historyCommand() command {
	return command{
		name: "history", summary: "lists your jobs, the newest first",
		help: "When there are more, the last line tells the --cursor of the next page.\n",
		setup: func(fs *flag.FlagSet) work {
			limit := fs.Int("limit", 20, "at most so `many` jobs, 1 to 1000")
			cursor := fs.String("cursor", "", "go on `behind` an earlier page")
			return func(ctx context.Context, s *session, operands []string) error {
				if len(operands) != 0 {
					return usage("history takes no arguments, only flags")
				}
				if *limit < 1 || *limit > 1000 {
					return usage("--limit goes from 1 to 1000")
				}
				return s.history(ctx, *limit, *cursor)
			}
		},
	}
}

func (s *session) history(ctx context.Context, limit int, cursor string) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	page, err := c.History(ctx, limit, cursor)
	if err != nil {
		return err
	}
	if len(page.Items) == 0 {
		s.note("no jobs here; `steno transcribe FILE` makes one")
		return nil
	}
	if err := s.print(table(s.historyRows(page.Items))); err != nil {
		return err
	}
	if page.NextCursor != "" {
		s.note("%d of %d jobs; more: steno history --limit %d --cursor %s",
			len(page.Items), page.Total, limit, printable(page.NextCursor))
	}
	return nil
}

func (s *session) historyRows(jobs []client.Status) [][]string {
	rows := [][]string{{"TASK", "CREATED", "STATUS", "LENGTH", "LANGUAGE", "MODEL", "FILE"}}
	for _, job := range jobs {
		rows = append(rows, []string{
			job.TaskID, timeText(job.CreatedAt, s.Location), statusText(job), lengthText(job.DurationSeconds),
			orDash(job.Language), orDash(job.Model), orDash(job.FileName),
		})
	}
	return rows
}
