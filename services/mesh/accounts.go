package mesh

import (
	"context"
	"crypto/rand"
	"fmt"

	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
)

// firstAdmin is the account of a first start that names none.
const firstAdmin = "admin"

// ensureUsers makes the accounts of the command line. A mesh without any gets
// one with a password that is printed, this once.
func (m *mesh) ensureUsers(ctx context.Context) error {
	accounts := accountv1.NewAccountServiceClient(m.conn)
	count, err := accounts.CountUsers(ctx, &accountv1.CountUsersRequest{})
	if err != nil {
		return fmt.Errorf("count accounts: %w", err)
	}
	wanted := m.cfg.Users
	generated := count.GetUsers() == 0 && len(wanted) == 0
	if generated {
		wanted = users{{name: firstAdmin, password: rand.Text()}}
	}
	for _, u := range wanted {
		// Whoever starts the server owns it, so these accounts administer it.
		_, err := accounts.EnsureUser(ctx, &accountv1.EnsureUserRequest{
			Name: u.name, Password: u.password, Role: accountv1.Role_ROLE_ADMIN,
		})
		if err != nil {
			return fmt.Errorf("make account %s: %w", u.name, err)
		}
	}
	if generated {
		_, err = fmt.Fprintf(m.out, "The first account is made; its password is shown only now:\n\n  %s:%s\n\n", wanted[0].name, wanted[0].password)
	}
	return err
}
