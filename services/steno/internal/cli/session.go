package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

// session is the program while it does one command.
type session struct {
	*App
	connection connection
}

// connect returns a client that is logged in. It asks the server one question, so
// that a wrong address or token is known before any work begins.
func (s *session) connect(ctx context.Context) (*client.Client, error) {
	token := cmp.Or(s.connection.token, s.connection.keptKey())
	c, err := client.New(client.Config{URL: s.connection.url, Token: token, HTTP: s.HTTP})
	if err != nil {
		return nil, usage("--url (STENO_URL): %v", err)
	}
	if token == "" && s.connection.user != "" {
		name, password, told := strings.Cut(s.connection.user, ":")
		if !told {
			if password, err = s.askPassword("Password of " + printable(name) + ": "); err != nil {
				return nil, err
			}
		}
		return c, c.Login(ctx, name, password)
	}
	_, err = c.Me(ctx)
	return c, err
}

// askPassword asks a person for a password, or reads it from the standard input.
func (a *App) askPassword(prompt string) (string, error) {
	if a.ReadPassword == nil {
		return "", usage("--user (STENO_USER) wants NAME:PASSWORD where nobody can be asked")
	}
	password, err := a.ReadPassword(prompt)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	if password == "" {
		return "", usage("the password is empty")
	}
	return password, nil
}
