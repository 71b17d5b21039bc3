package cli

import (
	"context"
	"flag"
	"strings"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

func modelsCommand() command {
	return command{
		name: "models", summary: "lists the models the server knows",
		help: "`steno models pull NAME` fetches one that is not installed.\n",
		setup: func(fs *flag.FlagSet) work {
			asJSON := jsonFlag(fs)
			return func(ctx context.Context, s *session, operands []string) error {
				if len(operands) != 0 {
					return usage("models takes no arguments but pull; `steno help models pull` tells more")
				}
				return s.models(ctx, *asJSON)
			}
		},
	}
}

func (s *session) models(ctx context.Context, asJSON bool) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	models, err := c.Models(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return s.printJSON(models)
	}
	return s.print(table(modelRows(models)))
}

func modelRows(models []client.Model) [][]string {
	rows := [][]string{{"NAME", "INSTALLED", "LOADED", "SIZE", "ALSO CALLED"}}
	for _, m := range models {
		rows = append(rows, []string{
			m.Name, yesNo(m.Installed), yesNo(m.Loaded), bytesText(m.Bytes), orDash(strings.Join(m.Aliases, ", ")),
		})
	}
	return rows
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
