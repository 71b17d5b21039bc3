package history

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/host"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
)

// firstAdmin is the account of a first start that names none.
const firstAdmin = "admin"

// ensureAgain is how long to wait for the database before accounts are tried again.
const ensureAgain = time.Second

// firstAccounts are those that a start makes if they are missing. Whoever starts
// the server owns it, so they administer it.
type firstAccounts struct {
	users             logins
	adminPasswordFile string
	generate          bool // make one and print its password when there is none at all
}

func (f *firstAccounts) registerFlags(flags *host.Flags) {
	flags.Var(&f.users, "user", "`NAME:PASSWORD` of an account to make if it is missing; may repeat")
	flags.StringVar(&f.adminPasswordFile, "history.admin-password-file", "",
		"file with the password of the account "+firstAdmin+", which is made if it is missing")
}

// ensure makes the accounts. While the database is away that is tried on and on
// beside everything else.
func (s *Service) ensure(ctx context.Context, first firstAccounts, h *host.Host) error {
	err := s.accounts.ensureFirst(ctx, first, h)
	if !fault.Is(err, fault.Unavailable) {
		return err
	}
	h.Go("first accounts", func(ctx context.Context) error {
		for fault.Is(err, fault.Unavailable) {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(ensureAgain):
			}
			err = s.accounts.ensureFirst(ctx, first, h)
		}
		if err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	})
	return nil
}

func (s *accountServer) ensureFirst(ctx context.Context, first firstAccounts, h *host.Host) error {
	wanted := first.users
	if first.adminPasswordFile != "" {
		password, err := os.ReadFile(first.adminPasswordFile)
		if err != nil {
			return fmt.Errorf("password of %s: %w", firstAdmin, err)
		}
		wanted = append(wanted, login{name: firstAdmin, password: strings.TrimSpace(string(password))})
	}
	generated := false
	if len(wanted) == 0 && first.generate {
		count, err := s.store.CountUsers(ctx)
		if err != nil {
			return fmt.Errorf("count accounts: %w", err)
		}
		if generated = count == 0; generated {
			wanted = logins{{name: firstAdmin, password: rand.Text()}}
		}
	}
	for _, u := range wanted {
		_, err := s.EnsureUser(ctx, &accountv1.EnsureUserRequest{Name: u.name, Password: u.password, Role: accountv1.Role_ROLE_ADMIN})
		if err != nil {
			return fmt.Errorf("make account %s: %w", u.name, err)
		}
	}
	if !generated {
		return nil
	}
	_, err := fmt.Fprintf(h.Out, "The first account is made; its password is shown only now:\n\n  %s:%s\n\n", wanted[0].name, wanted[0].password)
	return err
}

// login is a name and password from the command line.
type login struct{ name, password string }

// logins is a flag that may repeat.
type logins []login

// String names the accounts and hides their passwords.
func (l *logins) String() string {
	names := make([]string, 0, len(*l))
	for _, one := range *l {
		names = append(names, one.name)
	}
	return strings.Join(names, " ")
}

// Set takes one NAME:PASSWORD.
func (l *logins) Set(value string) error {
	name, password, ok := strings.Cut(value, ":")
	if !ok || name == "" || password == "" {
		return errors.New("want NAME:PASSWORD")
	}
	*l = append(*l, login{name: name, password: password})
	return nil
}
