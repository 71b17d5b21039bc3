package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

// savedLogin is what `steno login` keeps: an API key, which ends nobody's password.
type savedLogin struct {
	URL   string `json:"url"`
	KeyID string `json:"key_id"`
	Key   string `json:"key"`
}

// readLogin returns what is kept; nothing where there is no file that makes sense.
func (a *App) readLogin() savedLogin {
	var saved savedLogin
	if a.LoginFile == "" {
		return saved
	}
	content, err := os.ReadFile(a.LoginFile)
	if err != nil || json.Unmarshal(content, &saved) != nil {
		return savedLogin{}
	}
	return saved
}

func loginCommand() command {
	return command{
		name: "login", summary: "logs in once, for all commands that follow",
		help: `Say who you are with --user NAME; the password is asked for, or read from the standard
input: one line. An API key is made and kept in a file that only you can read.

Example
  steno login --url http://mesh.example:8000 --user anna
`,
		setup: func(*flag.FlagSet) work {
			return func(ctx context.Context, s *session, operands []string) error {
				if len(operands) != 0 || s.connection.user == "" {
					return usage("login wants to know who you are: --user NAME")
				}
				return s.login(ctx)
			}
		},
	}
}

func (s *session) login(ctx context.Context) error {
	if s.LoginFile == "" {
		return errors.New("there is no folder to keep a login in; set HOME")
	}
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	me, err := c.Me(ctx)
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "some machine"
	}
	key, err := c.CreateKey(ctx, "steno on "+host, time.Time{})
	if err != nil {
		return err
	}
	before := s.readLogin()
	if err := s.keepLogin(savedLogin{URL: s.connection.url, KeyID: key.ID, Key: key.Secret}); err != nil {
		return err
	}
	if before.URL == s.connection.url && before.KeyID != "" {
		_ = c.DeleteKey(ctx, before.KeyID) // it may be another user's, or gone
	}
	return s.print(fmt.Sprintf("logged in at %s as %s\n", printable(s.connection.url), printable(me.Username)))
}

func (a *App) keepLogin(saved savedLogin) error {
	content, err := json.MarshalIndent(saved, "", "  ")
	if err != nil {
		return fmt.Errorf("write the login: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(a.LoginFile), 0o700); err != nil {
		return err
	}
	return writePrivate(a.LoginFile, content)
}

// writePrivate puts the content into a file that only its owner reads, whole or not at
// all.
func writePrivate(path string, content []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".steno-*") // which only the owner reads
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }() // gone already after the rename
	_, err = temp.Write(content)
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

func logoutCommand() command {
	return command{
		name: "logout", summary: "forgets the login and removes its key",
		setup: func(*flag.FlagSet) work {
			return func(ctx context.Context, s *session, operands []string) error {
				if len(operands) != 0 {
					return usage("logout takes no arguments")
				}
				return s.logout(ctx)
			}
		},
	}
}

// logout removes the key first: while the file is there it can be asked again.
func (s *session) logout(ctx context.Context) error {
	saved := s.readLogin()
	if saved.Key == "" {
		return s.print("you are not logged in\n")
	}
	c, err := client.New(client.Config{URL: saved.URL, Token: saved.Key, HTTP: s.HTTP})
	if err != nil {
		return err
	}
	err = c.DeleteKey(ctx, saved.KeyID)
	var problem *client.Problem
	gone := errors.As(err, &problem) && (problem.Status == http.StatusUnauthorized || problem.Status == http.StatusNotFound)
	if err != nil && !gone {
		return err
	}
	if err := os.Remove(s.LoginFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return s.print(fmt.Sprintf("logged out at %s\n", printable(saved.URL)))
}
