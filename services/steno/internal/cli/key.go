package cli

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

func keysCommand() command {
	return command{
		name: "keys", summary: "lists your API keys",
		help: "`steno keys make NAME` makes one, `steno keys remove KEY` removes one.\n",
		setup: func(fs *flag.FlagSet) work {
			asJSON := jsonFlag(fs)
			return func(ctx context.Context, s *session, operands []string) error {
				if len(operands) != 0 {
					return usage("keys takes no arguments but make and remove; `steno help keys make` tells more")
				}
				return s.keys(ctx, *asJSON)
			}
		},
	}
}

func (s *session) keys(ctx context.Context, asJSON bool) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	keys, err := c.Keys(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return s.printJSON(keys)
	}
	rows := [][]string{{"KEY", "NAME", "BEGINS", "CREATED", "EXPIRES", "LAST USED"}}
	for _, k := range keys {
		rows = append(rows, []string{
			k.ID, k.Name, k.Prefix, timeText(k.CreatedAt, s.Location), timeText(k.ExpiresAt, s.Location), timeText(k.LastUsedAt, s.Location),
		})
	}
	return s.print(table(rows))
}

func keysMakeCommand() command {
	return command{
		name: "keys make", operands: "NAME", summary: "makes an API key and shows it, this once",
		help: "Give it to programs as STENOMESH_API_KEY, or in the header Authorization: Bearer KEY.\n",
		setup: func(fs *flag.FlagSet) work {
			var expires time.Time
			fs.Func("expires", "when the key ends: a `date` such as 2030-01-02, a time such as 2030-01-02T15:04:05Z; else never", func(text string) (err error) {
				expires, err = parseTime(text)
				return err
			})
			asJSON := jsonFlag(fs)
			return func(ctx context.Context, s *session, operands []string) error {
				if len(operands) != 1 {
					return usage("keys make wants one name, to know the key by")
				}
				return s.makeKey(ctx, operands[0], expires, *asJSON)
			}
		},
	}
}

// makeKey prints the key alone, so that it can be put into a variable.
func (s *session) makeKey(ctx context.Context, name string, expires time.Time, asJSON bool) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	key, err := c.CreateKey(ctx, name, expires)
	if err != nil {
		return err
	}
	if asJSON {
		return s.printJSON(key)
	}
	s.note("key %s is made; it is shown only now", printable(key.ID))
	return s.print(printable(key.Secret) + "\n")
}

func keysRemoveCommand() command {
	return command{
		name: "keys remove", operands: "KEY", summary: "removes an API key; it lets nobody in from then on",
		setup: func(*flag.FlagSet) work {
			return withOne("keys remove wants the id of one key; `steno keys` lists them",
				func(ctx context.Context, s *session, c *client.Client, id string) error {
					if err := c.DeleteKey(ctx, id); err != nil {
						return err
					}
					return s.print(fmt.Sprintf("%s is removed\n", printable(id)))
				})
		},
	}
}

// parseTime reads a time, or a date as the midnight in UTC that it begins at.
func parseTime(text string) (time.Time, error) {
	if at, err := time.Parse(time.DateOnly, text); err == nil {
		return at, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is no date such as 2030-01-02 and no time such as 2030-01-02T15:04:05Z", text)
	}
	return at, nil
}
