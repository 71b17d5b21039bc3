package host

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/rpc"
)

// Config is what can be set for every process.
type Config struct {
	Data      string        // folder for what has no place of its own; all state of a mesh in one process
	Blobs     string        // folder of the blob store; empty: below Data
	ModelDirs string        // folders with model files, separated as in PATH; empty: below Data, and those that came with the program
	Catalog   string        // model catalogue file; empty: the built-in one
	LogFormat string        // text or json
	LogLevel  string        // debug, info, warn or error
	Ops       string        // address for probes and figures of the process; empty: none
	Drain     time.Duration // how long a process that is to stop stays up while it says that it is not ready
	Bus       bus.Config
	RPC       rpc.Config
	Services  map[string]string // where services run that are called: "history" to "dns:///history:9000"
	// Ready, if set, is given the bus before anything uses it; tests look into the
	// streams that way.
	Ready func(*bus.Bus)
}

// called are the services that others call.
var called = []string{"history", "cache", "metrics"}

// DefaultConfig keeps everything in ./var.
func DefaultConfig() Config {
	return Config{Data: "var", LogFormat: "text", LogLevel: "info", Services: map[string]string{}}
}

// Flags is where settings are declared.
type Flags = flag.FlagSet

// RegisterFlags declares the settings as flags.
func (c *Config) RegisterFlags(flags *flag.FlagSet) {
	flags.StringVar(&c.Data, "data", c.Data, "folder for what has no place of its own; in one process all state")
	flags.StringVar(&c.Blobs, "blobs", c.Blobs, "folder of recordings and transcripts, shared by all processes; empty: below -data")
	flags.StringVar(&c.ModelDirs, "models", c.ModelDirs, "folders with model files, separated as in PATH; empty: below -data, and those that came with the program")
	flags.StringVar(&c.Catalog, "catalog", c.Catalog, "model catalogue; empty: the built-in one")
	flags.StringVar(&c.LogFormat, "log-format", c.LogFormat, "text or json")
	flags.StringVar(&c.LogLevel, "log-level", c.LogLevel, "debug, info, warn or error")
	flags.StringVar(&c.Ops, "ops.addr", c.Ops, "address for probes (/health, /health/ready) and figures of the process (/metrics); empty: none")
	flags.DurationVar(&c.Drain, "drain", c.Drain, "how long to go on after a signal to stop while probes say not ready, so that balancers notice")
	c.Bus.RegisterFlags(flags)
	c.RPC.RegisterFlags(flags)
	for _, service := range called {
		flags.Var(&address{c.Services, service}, service+".addr",
			"where "+service+" is called when it runs elsewhere, for example dns:///"+service+":9000")
	}
}

// address is a flag that fills one place of a map.
type address struct {
	all     map[string]string
	service string
}

// String returns the address.
func (a *address) String() string { return a.all[a.service] } // of a nil map too: package flag makes one

// Set takes the address.
func (a *address) Set(value string) error {
	a.all[a.service] = value
	return nil
}

// modelDirs are where models are pulled to, and where the bundled one lies when
// the program runs from the bin folder of the project.
func (c Config) modelDirs() []string {
	if c.ModelDirs != "" {
		return filepath.SplitList(c.ModelDirs)
	}
	dirs := []string{filepath.Join(c.Data, "models")}
	if program, err := os.Executable(); err == nil {
		dirs = append(dirs, filepath.Join(filepath.Dir(program), "..", "deploy", "models"))
	}
	return dirs
}

// ModelDirs are the folders with model files; the first takes new ones.
func (h *Host) ModelDirs() string {
	return strings.Join(h.Config.modelDirs(), string(filepath.ListSeparator))
}
