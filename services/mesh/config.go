package mesh

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/stenomesh/stenomesh/pkg/config"
	"github.com/stenomesh/stenomesh/pkg/host"
)

// Config is what a process runs and how.
type Config struct {
	host.Config
	name  string // of the process
	parts []host.Part
}

// all stands for every service.
const all = "all"

// ParseFlags reads the flags of `stenomesh up` and the environment.
// flag.ErrHelp: the help was asked for and printed.
func ParseFlags(args []string, lookup func(string) (string, bool)) (Config, error) {
	cfg := Config{Config: host.DefaultConfig(), name: "mesh", parts: parts()}
	fs := flag.NewFlagSet("stenomesh up", flag.ContinueOnError)
	target := fs.String("target", all, "services to run in this process, with commas between them; others run elsewhere")
	cfg.RegisterFlags(fs)
	for _, p := range cfg.parts {
		p.Flags(fs)
	}
	// Shorthands for what most people set, and a default for one machine.
	short(fs, "addr", "gateway.addr", "127.0.0.1:8000")
	short(fs, "model-fallback", "gateway.model-fallback", "")
	if err := config.Parse(fs, args, lookup); err != nil {
		return cfg, err
	}
	if fs.NArg() > 0 {
		return cfg, fmt.Errorf("what is %q? Flags begin with a dash", fs.Arg(0))
	}
	return cfg, cfg.choose(*target)
}

// short adds another name for a flag, and gives both a default.
func short(fs *flag.FlagSet, name, long, fallback string) {
	value := fs.Lookup(long).Value
	_ = value.Set(fallback) // a constant of ours
	fs.Lookup(long).DefValue = fallback
	fs.Var(value, name, "short for -"+long)
}

// choose keeps the parts that target names.
func (c *Config) choose(target string) error {
	if target == all {
		return nil
	}
	wanted := strings.Split(target, ",")
	var names []string
	for _, p := range c.parts {
		names = append(names, p.Name)
	}
	for _, name := range wanted {
		if !slices.Contains(names, name) {
			return fmt.Errorf("-target: there is no service %q; there are %s", name, strings.Join(names, ", "))
		}
	}
	c.parts = slices.DeleteFunc(c.parts, func(p host.Part) bool { return !slices.Contains(wanted, p.Name) })
	if len(c.parts) < len(names) && c.Bus.Embedded() && slices.ContainsFunc(c.parts, func(p host.Part) bool { return p.Needs&host.Bus != 0 }) {
		return errors.New("-target: the services meet on the bus, -bus.url must say where it is")
	}
	if len(c.parts) > 1 && c.Bus.SeedFile != "" {
		return errors.New("-target: on a bus with a user for each service, each needs a process of its own")
	}
	if len(wanted) == 1 {
		c.name = wanted[0]
	}
	return nil
}
