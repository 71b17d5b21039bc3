package bus

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nkeys"
)

// Users names the services that log in to a bus that they share; each needs a key.
func Users() []string {
	var names []string
	for _, u := range users() {
		names = append(names, u.name)
	}
	return names
}

// NewUserKey makes the key of one service. The seed is its secret: it belongs into a
// file that only the service reads, and into no log. The server is told the public
// part.
func NewUserKey() (seed []byte, public string, err error) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		return nil, "", fmt.Errorf("make key: %w", err)
	}
	defer pair.Wipe()
	if public, err = pair.PublicKey(); err != nil {
		return nil, "", fmt.Errorf("make key: %w", err)
	}
	if seed, err = pair.Seed(); err != nil {
		return nil, "", fmt.Errorf("make key: %w", err)
	}
	return slices.Clone(seed), public, nil
}

// PublicKey returns the public part of a seed.
func PublicKey(seed []byte) (string, error) {
	pair, err := nkeys.ParseDecoratedNKey(seed)
	if err != nil {
		return "", errors.New("this is not the seed of a key") // the library's words may hold some of it
	}
	defer pair.Wipe()
	public, err := pair.PublicKey()
	if err != nil || !nkeys.IsValidPublicUserKey(public) {
		return "", errors.New("this is not the seed of a user's key")
	}
	return public, nil
}

// RenderAccounts writes the part of the server's configuration that says who may log
// in and do what. keys holds the public key of each service; one without a key is
// locked out, and so is everybody who has none of these keys. The text holds no
// secret.
func RenderAccounts(keys map[string]string) (string, error) {
	for name, key := range keys {
		if !slices.Contains(Users(), name) {
			return "", fmt.Errorf("accounts of the bus: there is no service %q", name)
		}
		if !nkeys.IsValidPublicUserKey(key) {
			return "", fmt.Errorf("accounts of the bus: %s has no public key of a user", name)
		}
	}
	var b strings.Builder
	b.WriteString("# Who may do what on the bus. Generated; the table is in pkg/bus/rights.go.\n" +
		"accounts {\n  APP {\n    jetstream: enabled\n    users: [\n")
	for _, u := range users() {
		if key := keys[u.name]; key != "" {
			renderUser(&b, u, key)
		}
	}
	b.WriteString("    ]\n  }\n  SYS {}\n}\nsystem_account: SYS\n")
	return b.String(), nil
}

func renderUser(b *strings.Builder, u user, key string) {
	fmt.Fprintf(b, "      { # %s\n        nkey: %s\n        permissions {\n", u.name, key)
	fmt.Fprintf(b, "          publish {\n            allow: [%s]\n            deny: [%s]\n          }\n",
		list("", u.rights, func(r right) []string { return r.publish }),
		list("not needed for: ", u.rights, func(r right) []string { return r.deny }))
	fmt.Fprintf(b, "          subscribe {\n            allow: [%s]\n          }\n        }\n      }\n",
		list("", u.rights, func(r right) []string { return r.subscribe }))
}

// list has each subject once, below the reason for it.
func list(preface string, rights []right, of func(right) []string) string {
	var b strings.Builder
	written := map[string]bool{}
	for _, r := range rights {
		if len(of(r)) > 0 {
			fmt.Fprintf(&b, "\n              # %s%s", preface, r.why)
		}
		for _, subject := range of(r) {
			if !written[subject] {
				fmt.Fprintf(&b, "\n              %q", subject)
			}
			written[subject] = true
		}
	}
	return b.String() + "\n            "
}
