package cli

import (
	"context"
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
	c, err := client.New(client.Config{URL: s.connection.url, Token: s.connection.token, HTTP: s.HTTP})
	if err != nil {
		return nil, usage("--url (STENO_URL): %v", err)
	}
	if s.connection.token == "" && s.connection.user != "" {
		name, password, ok := strings.Cut(s.connection.user, ":")
		if !ok {
			return nil, usage("--user (STENO_USER) wants NAME:PASSWORD")
		}
		return c, c.Login(ctx, name, password)
	}
	_, err = c.Me(ctx)
	return c, err
}
