package cli

import (
	"context"
	"flag"
	"fmt"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

func retryCommand() command {
	return command{
		name: "retry", operands: "TASK", summary: "tries a job again that failed or was cancelled",
		help: "`steno watch TASK` tells how it goes on.\n",
		setup: func(*flag.FlagSet) work {
			return withOne(oneTask("retry"), func(ctx context.Context, s *session, c *client.Client, task string) error {
				status, err := c.Retry(ctx, task)
				if err != nil {
					return err
				}
				return s.print(fmt.Sprintf("%s is %s, attempt %d\n", printable(task), printable(status.Status), status.Attempt))
			})
		},
	}
}

func deleteCommand() command {
	return command{
		name: "delete", operands: "TASK", summary: "deletes a job and its transcript",
		help: "A job that runs is stopped. There is no way back.\n",
		setup: func(*flag.FlagSet) work {
			return withOne(oneTask("delete"), func(ctx context.Context, s *session, c *client.Client, task string) error {
				if err := c.Delete(ctx, task); err != nil {
					return err
				}
				return s.print(fmt.Sprintf("%s is deleted\n", printable(task)))
			})
		},
	}
}
