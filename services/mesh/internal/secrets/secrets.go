// Package secrets makes what the processes of a mesh prove with who they are: keys
// for the bus, tokens for calls, passwords of the databases. There is a folder for
// each process, so that none need see what is another's:
//
//	gateway/      bus.seed  token  token.key
//	dispatcher/   bus.seed  token
//	preprocess/   bus.seed
//	transcriber/  bus.seed
//	history/      bus.seed  callers  postgres-password  admin-password
//	metrics/      bus.seed  callers
//	cache/                  callers  redis-password
//	provisioner/  bus.seed
//	nats/         accounts.conf (no secret)
//	postgres/     password
//	redis/        redis.conf
//	grafana/      admin-password
//
// What is there stays as it is; what follows from it (accounts.conf, callers,
// redis.conf) is written anew, so that a new version's rights take effect.
package secrets

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/rpc"
	"github.com/stenomesh/stenomesh/services/gateway"
)

// Rights of the files. Programs that are not ours read theirs as users of their own,
// each from a volume that it alone is given.
const (
	ours   fs.FileMode = 0o400
	theirs fs.FileMode = 0o444
)

// callersOf says which services call a service.
var callersOf = map[string][]string{
	"history": {"dispatcher", "gateway"},
	"cache":   {"dispatcher", "gateway"},
	"metrics": {"gateway"},
}

// folder is where secrets are made.
type folder struct {
	path string
	made int
}

// Make fills a folder, and returns how many secrets were not there before.
func Make(path string) (made int, err error) {
	f := &folder{path: path}
	for _, step := range []func() error{f.busKeys, f.tokens, f.signingKey, f.passwords} {
		if err := step(); err != nil {
			return f.made, fmt.Errorf("make secrets: %w", err)
		}
	}
	return f.made, nil
}

// busKeys makes a key for every service that logs in to the bus, and tells the
// server their public parts.
func (f *folder) busKeys() error {
	public := map[string]string{}
	for _, service := range bus.Users() {
		seed, err := f.keep(service, "bus.seed", ours, func() ([]byte, error) {
			seed, _, err := bus.NewUserKey()
			return seed, err
		})
		if err != nil {
			return err
		}
		if public[service], err = bus.PublicKey(bytes.TrimSpace(seed)); err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(f.path, service, "bus.seed"), err)
		}
	}
	accounts, err := bus.RenderAccounts(public)
	if err != nil {
		return err
	}
	return f.write("nats", "accounts.conf", theirs, []byte(accounts))
}

// tokens makes one for every service that calls others, and tells those its hash.
func (f *folder) tokens() error {
	for server, callers := range callersOf {
		var lines strings.Builder
		for _, caller := range callers {
			token, err := f.keep(caller, "token", ours, func() ([]byte, error) { return []byte(rpc.NewToken()), nil })
			if err != nil {
				return err
			}
			fmt.Fprintf(&lines, "%s %s\n", caller, rpc.TokenHash(string(bytes.TrimSpace(token))))
		}
		if err := f.write(server, "callers", ours, []byte(lines.String())); err != nil {
			return err
		}
	}
	return nil
}

func (f *folder) signingKey() error {
	_, err := f.keep("gateway", "token.key", ours, gateway.NewSigningKey)
	return err
}

func (f *folder) passwords() error {
	database, err := f.keep("history", "postgres-password", ours, password)
	if err != nil {
		return err
	}
	shared, err := f.keep("cache", "redis-password", ours, password)
	if err != nil {
		return err
	}
	_, adminErr := f.keep("history", "admin-password", ours, password)
	_, grafanaErr := f.keep("grafana", "admin-password", theirs, password)
	return errors.Join(adminErr, grafanaErr,
		f.write("postgres", "password", theirs, database),
		f.write("redis", "redis.conf", theirs, fmt.Appendf(nil, "requirepass %s\n", bytes.TrimSpace(shared))))
}

func password() ([]byte, error) { return []byte(rand.Text()), nil }

// keep returns what a file holds; when there is none it is made.
func (f *folder) keep(service, name string, mode fs.FileMode, newSecret func() ([]byte, error)) ([]byte, error) {
	there, err := os.ReadFile(filepath.Join(f.path, service, name))
	if !errors.Is(err, fs.ErrNotExist) {
		return there, err
	}
	secret, err := newSecret()
	if err != nil {
		return nil, err
	}
	secret = append(slices.Clip(secret), '\n')
	f.made++
	return secret, f.write(service, name, mode, secret)
}

// write puts a file in its place whole, or not at all.
func (f *folder) write(service, name string, mode fs.FileMode, text []byte) error {
	dir := filepath.Join(f.path, service)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, ".new-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }() // it has its name by then
	_, writeErr := temp.Write(text)
	if err := errors.Join(writeErr, temp.Chmod(mode), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), filepath.Join(dir, name))
}
