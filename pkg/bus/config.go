package bus

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// Config says which server a process uses, and as whom.
type Config struct {
	URL      string // "nats://host:4222", several with commas; empty: a server inside this process
	SeedFile string // NKEY seed of the service; empty: the server asks for none
}

// RegisterFlags declares the settings as flags.
func (c *Config) RegisterFlags(flags *flag.FlagSet) {
	flags.StringVar(&c.URL, "bus.url", c.URL, "NATS servers, with commas between them; empty for one inside this process")
	flags.StringVar(&c.SeedFile, "bus.seed-file", c.SeedFile, "file with the NKEY seed that this service logs in with; empty when the server asks for none")
}

// Embedded reports whether the server runs inside this process.
func (c Config) Embedded() bool { return c.URL == "" }

// Open connects to the servers of cfg as service name. It returns at once, also
// when none answers yet (see Connect); an error is about the settings.
func Open(_ context.Context, cfg Config, name string, log *slog.Logger) (*Bus, error) {
	var extra []nats.Option
	if cfg.SeedFile != "" {
		key, err := nats.NkeyOptionFromSeed(cfg.SeedFile)
		if err != nil {
			return nil, fmt.Errorf("connect to bus: key in %s: %w", cfg.SeedFile, err)
		}
		extra = append(extra, key)
	}
	return Connect(name, cfg.URL, log, extra...)
}

// Await waits until the bus answers, for at most limit; that it refuses us is an
// answer. The error is Unavailable, or that of ctx.
func (b *Bus) Await(ctx context.Context, limit time.Duration) error {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for {
		err := b.Check()
		if err == nil || fault.Of(err).Code == codeDenied {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}
