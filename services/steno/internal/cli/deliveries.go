package cli

import (
	"context"
	"flag"
	"fmt"
	"strconv"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

func deliveriesCommand() command {
	return command{
		name: "deliveries", operands: "TASK", summary: "shows what became of the webhooks of a job",
		help: "`steno transcribe --callback URL` asks for one; `steno deliveries resend TASK ID` sends one again.\n",
		setup: func(fs *flag.FlagSet) work {
			asJSON := jsonFlag(fs)
			return withOne(oneTask("deliveries"), func(ctx context.Context, s *session, c *client.Client, task string) error {
				deliveries, err := c.Deliveries(ctx, task)
				if err != nil {
					return err
				}
				if *asJSON {
					return s.printJSON(deliveries)
				}
				if len(deliveries) == 0 {
					s.note("this job has no webhooks")
					return nil
				}
				return s.print(table(s.deliveryRows(deliveries)))
			})
		},
	}
}

func (s *session) deliveryRows(deliveries []client.Delivery) [][]string {
	rows := [][]string{{"ID", "TYPE", "STATUS", "TRIED", "LAST", "ANSWER", "NEXT", "URL"}}
	for _, d := range deliveries {
		last, answer := "-", "-"
		if n := len(d.Attempts); n > 0 {
			last, answer = timeText(d.Attempts[n-1].At, s.Location), answerText(d.Attempts[n-1])
		}
		rows = append(rows, []string{
			d.ID, d.Type, d.Status, strconv.Itoa(len(d.Attempts)), last, answer, timeText(d.NextAttemptAt, s.Location), d.URL,
		})
	}
	return rows
}

func answerText(a client.DeliveryAttempt) string {
	switch {
	case a.HTTPStatus != 0:
		return strconv.Itoa(a.HTTPStatus)
	case a.Error != nil:
		return a.Error.Code
	default:
		return "-"
	}
}

func deliveriesResendCommand() command {
	return command{
		name: "deliveries resend", operands: "TASK ID", summary: "sends a webhook once more",
		setup: func(*flag.FlagSet) work {
			return func(ctx context.Context, s *session, operands []string) error {
				if len(operands) != 2 {
					return usage("deliveries resend wants a task id and the id of a delivery; `steno deliveries TASK` lists them")
				}
				c, err := s.connect(ctx)
				if err != nil {
					return err
				}
				if err := c.Resend(ctx, operands[0], operands[1]); err != nil {
					return err
				}
				return s.print(fmt.Sprintf("%s is sent again\n", printable(operands[1])))
			}
		},
	}
}

func webhookSecretCommand() command {
	return command{
		name: "webhook-secret", summary: "shows what your webhooks are signed with",
		setup: func(fs *flag.FlagSet) work {
			rotate := fs.Bool("rotate", false, "make a new one; the old one counts for a day more")
			return func(ctx context.Context, s *session, operands []string) error {
				if len(operands) != 0 {
					return usage("webhook-secret takes no arguments, only --rotate")
				}
				c, err := s.connect(ctx)
				if err != nil {
					return err
				}
				ask := c.WebhookSecret
				if *rotate {
					ask = c.RotateWebhookSecret
				}
				secret, err := ask(ctx)
				if err != nil {
					return err
				}
				return s.print(printable(secret.Secret) + "\n")
			}
		},
	}
}
