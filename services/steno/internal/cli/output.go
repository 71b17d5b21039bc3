package cli

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"strings"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

// jsonFlag is the flag of all commands that can answer to a program.
func jsonFlag(fs *flag.FlagSet) *bool {
	return fs.Bool("json", false, "answer in JSON, for programs")
}

// printJSON writes a value to the standard output, over several lines.
func (a *App) printJSON(value any) error {
	var b strings.Builder
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(value); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return a.print(b.String())
}

// withOne is the work of a command that asks the server about its one operand. wants
// says which, where there is none or there are several.
func withOne(wants string, do func(ctx context.Context, s *session, c *client.Client, operand string) error) work {
	return func(ctx context.Context, s *session, operands []string) error {
		if len(operands) != 1 || operands[0] == "" {
			return usage("%s", wants)
		}
		c, err := s.connect(ctx)
		if err != nil {
			return err
		}
		return do(ctx, s, c, operands[0])
	}
}

func oneTask(verb string) string {
	return verb + " wants one task id; `steno history` lists them"
}
