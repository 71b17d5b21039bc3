package cli

import (
	"context"
	"flag"
	"fmt"
)

func cancelCommand() command {
	return command{
		name: "cancel", operands: "TASK", summary: "stops a job",
		setup: func(*flag.FlagSet) work {
			return func(ctx context.Context, s *session, operands []string) error {
				if len(operands) != 1 {
					return usage("cancel wants one task id; `steno history` lists them")
				}
				return s.cancel(ctx, operands[0])
			}
		},
	}
}

func (s *session) cancel(ctx context.Context, task string) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	if err := c.Cancel(ctx, task); err != nil {
		return err
	}
	return s.print(fmt.Sprintf("%s is cancelled\n", printable(task)))
}
