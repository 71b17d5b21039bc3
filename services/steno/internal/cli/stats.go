package cli

import (
	"context"
	"flag"
	"fmt"
	"strconv"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

func statsCommand() command {
	return command{
		name: "stats", summary: "tells what your jobs come to",
		help: "The figures may be 15 minutes old.\n",
		setup: func(fs *flag.FlagSet) work {
			system := fs.Bool("system", false, "of all users together")
			asJSON := jsonFlag(fs)
			return func(ctx context.Context, s *session, operands []string) error {
				if len(operands) != 0 {
					return usage("stats takes no arguments, only flags")
				}
				c, err := s.connect(ctx)
				if err != nil {
					return err
				}
				if *system {
					return s.systemStats(ctx, c, *asJSON)
				}
				return s.userStats(ctx, c, *asJSON)
			}
		},
	}
}

func (s *session) systemStats(ctx context.Context, c *client.Client, asJSON bool) error {
	stats, err := c.SystemStats(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return s.printJSON(stats)
	}
	rows := append(statsRows(stats.Stats),
		[]string{"waiting now", strconv.Itoa(stats.QueueDepth)}, []string{"at work now", strconv.Itoa(stats.Running)})
	return s.print(table(rows))
}

func (s *session) userStats(ctx context.Context, c *client.Client, asJSON bool) error {
	stats, err := c.UserStats(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return s.printJSON(stats)
	}
	rows := append(statsRows(stats.Stats), []string{"recordings", bytesText(stats.Storage.Bytes)})
	for _, part := range []struct {
		title   string
		tallies []client.Tally
		name    func(client.Tally) string
	}{
		{"LANGUAGE", stats.Languages, func(t client.Tally) string { return t.Language }},
		{"MODEL", stats.Models, func(t client.Tally) string { return t.Model }},
		{"DAY", stats.Days, func(t client.Tally) string { return t.Date }},
	} {
		tallies := [][]string{}
		for _, t := range part.tallies {
			if t.Jobs > 0 {
				tallies = append(tallies, []string{orDash(part.name(t)), strconv.FormatInt(t.Jobs, 10), lengthText(t.AudioSeconds)})
			}
		}
		if len(tallies) > 0 {
			rows = append(rows, []string{""}, []string{part.title, "JOBS", "AUDIO"})
			rows = append(rows, tallies...)
		}
	}
	return s.print(table(rows))
}

func statsRows(stats client.Stats) [][]string {
	n := func(jobs int64) string { return strconv.FormatInt(jobs, 10) }
	factor := "-"
	if stats.RealTimeFactor > 0 {
		factor = fmt.Sprintf("%.2f s of work for 1 s of audio", stats.RealTimeFactor)
	}
	return [][]string{
		{"jobs", n(stats.Jobs.Total)},
		{"queued", n(stats.Jobs.Queued)},
		{"running", n(stats.Jobs.Preprocessing + stats.Jobs.Transcribing)},
		{"completed", n(stats.Jobs.Completed)},
		{"failed", n(stats.Jobs.Failed)},
		{"cancelled", n(stats.Jobs.Cancelled)},
		{"audio", lengthText(stats.AudioSeconds)},
		{"speed", factor},
	}
}
