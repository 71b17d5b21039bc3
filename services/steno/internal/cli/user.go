package cli

import (
	"context"
	"flag"
	"fmt"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

func usersCommand() command {
	return command{
		name: "users", summary: "lists the accounts (administrators)",
		help: "See also users make, users show, users change and users delete.\n",
		setup: func(fs *flag.FlagSet) work {
			limit := fs.Int("limit", 100, "at most so `many` accounts, 1 to 1000")
			cursor := fs.String("cursor", "", "go on `behind` an earlier page")
			asJSON := jsonFlag(fs)
			return func(ctx context.Context, s *session, operands []string) error {
				if len(operands) != 0 {
					return usage("users takes no arguments but make, show, change and delete; `steno help users make` tells more")
				}
				if *limit < 1 || *limit > 1000 {
					return usage("--limit goes from 1 to 1000")
				}
				return s.users(ctx, *limit, *cursor, *asJSON)
			}
		},
	}
}

func (s *session) users(ctx context.Context, limit int, cursor string, asJSON bool) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	page, err := c.Accounts(ctx, limit, cursor)
	if err != nil {
		return err
	}
	if asJSON {
		return s.printJSON(page)
	}
	rows := [][]string{{"USER", "NAME", "ROLE", "ACTIVE", "CREATED"}}
	for _, a := range page.Items {
		rows = append(rows, []string{a.UserID, orDash(a.Username), orDash(a.Role), activeText(a), timeText(a.CreatedAt, s.Location)})
	}
	if err := s.print(table(rows)); err != nil {
		return err
	}
	if page.NextCursor != "" {
		s.note("more: steno users --limit %d --cursor %s", limit, printable(page.NextCursor))
	}
	return nil
}

func activeText(a client.Account) string {
	if !a.DeletionRequestedAt.IsZero() {
		return "being deleted"
	}
	return yesNo(a.Active)
}

func usersMakeCommand() command {
	return command{
		name: "users make", operands: "NAME", summary: "makes an account (administrators)",
		help: "The password is asked for, or read from the standard input: one line.\n",
		setup: func(fs *flag.FlagSet) work {
			account := client.NewAccount{Quota: client.Quota{}}
			fs.StringVar(&account.Role, "role", "user", "`role`: user or admin")
			quotaFlags(fs, account.Quota)
			asJSON := jsonFlag(fs)
			return withOne("users make wants one name", func(ctx context.Context, s *session, c *client.Client, name string) (err error) {
				account.Username = name
				if account.Password, err = s.askPassword("Password of " + printable(name) + ": "); err != nil {
					return err
				}
				made, err := c.CreateAccount(ctx, account)
				if err != nil {
					return err
				}
				return s.printAccount(made, *asJSON)
			})
		},
	}
}

func usersShowCommand() command {
	return command{
		name: "users show", operands: "USER", summary: "shows an account and its quota (administrators)",
		setup: func(fs *flag.FlagSet) work {
			asJSON := jsonFlag(fs)
			return withOne(oneUser("show"), func(ctx context.Context, s *session, c *client.Client, id string) error {
				account, err := c.Account(ctx, id)
				if err != nil {
					return err
				}
				return s.printAccount(account, *asJSON)
			})
		},
	}
}

func usersChangeCommand() command {
	return command{
		name: "users change", operands: "USER", summary: "changes what the flags name of an account (administrators)",
		setup: func(fs *flag.FlagSet) work {
			change := client.AccountChange{Quota: client.Quota{}}
			active := fs.Bool("active", true, "let the user in; --active=false locks out")
			password := fs.Bool("password", false, "ask for a new password, or read it from the standard input: one line")
			fs.StringVar(&change.Role, "role", "", "`role`: user or admin")
			quotaFlags(fs, change.Quota)
			asJSON := jsonFlag(fs)
			return withOne(oneUser("change"), func(ctx context.Context, s *session, c *client.Client, id string) (err error) {
				fs.Visit(func(f *flag.Flag) {
					if f.Name == "active" {
						change.Active = active
					}
				})
				if *password {
					if change.Password, err = s.askPassword("New password: "); err != nil {
						return err
					}
				}
				account, err := c.ChangeAccount(ctx, id, change)
				if err != nil {
					return err
				}
				return s.printAccount(account, *asJSON)
			})
		},
	}
}

func usersDeleteCommand() command {
	return command{
		name: "users delete", operands: "USER", summary: "deletes an account and all that belongs to it (administrators)",
		help: "There is no way back. The user is locked out at once; `steno users show USER` says when all is gone.\n",
		setup: func(*flag.FlagSet) work {
			return withOne(oneUser("delete"), func(ctx context.Context, s *session, c *client.Client, id string) error {
				if err := c.DeleteAccount(ctx, id); err != nil {
					return err
				}
				return s.print(fmt.Sprintf("%s is being deleted\n", printable(id)))
			})
		},
	}
}

func oneUser(verb string) string {
	return "users " + verb + " wants the id of one user; `steno users` lists them"
}
