package cli

import (
	"cmp"
	"flag"
	"io"
)

const defaultURL = "http://127.0.0.1:8000"

// connection is how to reach the server, as flags and environment tell it.
type connection struct {
	url   string
	token string
	user  string // NAME:PASSWORD, or NAME alone; used when there is no token
	saved savedLogin
}

// connectionFromEnv takes what the environment says. What login kept fills the rest.
func connectionFromEnv(getenv func(string) string, saved savedLogin) connection {
	c := connection{url: getenv("STENO_URL"), token: getenv("STENO_TOKEN"), user: getenv("STENO_USER"), saved: saved}
	c.token = cmp.Or(c.token, getenv("STENOMESH_API_KEY"))
	c.url = cmp.Or(c.url, saved.URL, defaultURL)
	return c
}

// keptKey is the key that login kept for this very server; it is used where nothing else
// is said.
func (c connection) keptKey() string {
	if c.token == "" && c.user == "" && c.url == c.saved.URL {
		return c.saved.Key
	}
	return ""
}

// newFlags makes a flag set that says nothing itself and knows the flags of every
// command. What c holds already stays where a flag is not given.
func newFlags(name string, c *connection) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&c.url, "url", c.url, "`address` of the server; or set STENO_URL")
	fs.Func("token", "login `token` or API key; or set STENO_TOKEN or STENOMESH_API_KEY", func(token string) error {
		c.token, c.user = token, "" // what is said beats what the environment says
		return nil
	})
	fs.Func("user", "log in as `NAME:PASSWORD`, or NAME to be asked; or set STENO_USER, which others on the machine cannot see", func(user string) error {
		c.token, c.user = "", user
		return nil
	})
	return fs
}

// parseMixed reads flags before, between and behind the operands, and returns
// the operands. Behind "--" everything is an operand.
func parseMixed(fs *flag.FlagSet, arguments []string) ([]string, error) {
	var operands []string
	for len(arguments) > 0 {
		if err := fs.Parse(arguments); err != nil {
			return nil, err
		}
		read := len(arguments) - fs.NArg()
		if read > 0 && arguments[read-1] == "--" {
			return append(operands, fs.Args()...), nil
		}
		arguments = fs.Args()
		if len(arguments) > 0 {
			operands, arguments = append(operands, arguments[0]), arguments[1:]
		}
	}
	return operands, nil
}
