package meshtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/testkit"
)

// witness is who may do anything on a cluster's bus. No service may.
const witness = "witness"

// busConfig is deploy/nats/nats.conf for one machine and a moment.
const busConfig = `
listen: %q
max_payload: 1MB
write_deadline: "10s"
jetstream {
  store_dir: %q
  sync_interval: always
  max_memory_store: 256MB
  max_file_store: 16GB
}
include "accounts.conf"
`

func (c *Cluster) startBus() {
	c.t.Helper()
	c.busAddr = freeAddress(c.t)
	config := filepath.Join(c.Data, "nats.conf")
	text := fmt.Sprintf(busConfig, c.busAddr, c.layout.Store)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.admitWitness()
	c.Bus = &Program{
		Name: "nats-server", path: testkit.Binary(c.t, "nats-server"), args: []string{"-c", config}, t: c.t,
		ready: func(context.Context) bool {
			nc, err := nats.Connect("nats://"+c.busAddr, c.key("provisioner"))
			if err != nil {
				return false
			}
			defer nc.Close()
			return true
		},
	}
	c.t.Cleanup(c.Bus.Stop)
	c.Bus.Start()
}

// admitWitness adds the key of witness to those that the server knows.
func (c *Cluster) admitWitness() {
	c.t.Helper()
	accounts, err := os.ReadFile(c.secret("nats", "accounts.conf"))
	if err != nil {
		c.t.Fatal(err)
	}
	seed, public, err := bus.NewUserKey()
	if err != nil {
		c.t.Fatal(err)
	}
	const users = "users: ["
	text := strings.Replace(string(accounts), users, users+" { nkey: "+public+" }", 1)
	for path, content := range map[string][]byte{
		filepath.Join(c.Data, "accounts.conf"): []byte(text), c.secret(witness, "bus.seed"): seed,
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			c.t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *Cluster) secret(service, name string) string { return filepath.Join(c.secrets, service, name) }

func (c *Cluster) key(service string) nats.Option {
	option, err := nats.NkeyOptionFromSeed(c.secret(service, "bus.seed"))
	if err != nil {
		c.t.Fatal(err)
	}
	return option
}

// Witness is a connection to the bus that may do anything, to look into the streams.
// It ends with the test.
func (c *Cluster) Witness() *bus.Bus { return c.witness() }

// Connect opens a connection to the bus as a service, with its rights. It ends with
// the test.
func (c *Cluster) Connect(service string) *bus.Bus {
	c.t.Helper()
	b, err := bus.Open(c.t.Context(), bus.Config{URL: "nats://" + c.busAddr, SeedFile: c.secret(service, "bus.seed")},
		service, testkit.Log(c.t))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(b.Close)
	return b
}

func (c *Cluster) provision() {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), testkit.Binary(c.t, "stenomesh"), "provision",
		"-bus.url", "nats://"+c.busAddr, "-bus.seed-file", c.secret("provisioner", "bus.seed"))
	if said, err := cmd.CombinedOutput(); err != nil {
		c.t.Fatalf("provision: %v\n%s", err, said)
	}
}
