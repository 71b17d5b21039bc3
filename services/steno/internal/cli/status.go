package cli

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

func statusCommand() command {
	return command{
		name: "status", operands: "TASK", summary: "shows where a job stands",
		help: "TASK is the id that transcribe tells and history lists.\n",
		setup: func(fs *flag.FlagSet) work {
			asJSON := jsonFlag(fs)
			return withOne(oneTask("status"), func(ctx context.Context, s *session, c *client.Client, task string) error {
				job, err := c.Status(ctx, task)
				if err != nil {
					return err
				}
				if *asJSON {
					return s.printJSON(job)
				}
				return s.print(table(s.statusRows(job)))
			})
		},
	}
}

func (s *session) statusRows(job client.Status) [][]string {
	rows := [][]string{
		{"task", job.TaskID},
		{"file", orDash(job.FileName)},
		{"status", statusText(job)},
		{"model", orDash(job.Model)},
		{"language", orDash(job.Language)},
		{"length", lengthText(job.DurationSeconds)},
		{"created", timeText(job.CreatedAt, s.Location)},
		{"started", timeText(job.StartedAt, s.Location)},
		{"finished", timeText(job.FinishedAt, s.Location)},
	}
	if job.Error != nil {
		rows = append(rows, []string{"error", fmt.Sprintf("%s (%s)", job.Error.Message, job.Error.Code)})
	}
	return rows
}

// statusText is a state and how far it got, for example "transcribing 40 %".
func statusText(job client.Status) string {
	var b strings.Builder
	b.WriteString(job.Status)
	if !job.Terminal() && job.Progress > 0 {
		fmt.Fprintf(&b, " %.0f %%", 100*job.Progress)
	}
	if job.Status == "queued" && job.Position > 0 {
		fmt.Fprintf(&b, ", %d before it", job.Position)
	}
	return b.String()
}
