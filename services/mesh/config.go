package mesh

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/config"
	"github.com/stenomesh/stenomesh/services/cache"
	"github.com/stenomesh/stenomesh/services/dispatcher"
	"github.com/stenomesh/stenomesh/services/gateway"
	"github.com/stenomesh/stenomesh/services/history"
	"github.com/stenomesh/stenomesh/services/metrics"
	"github.com/stenomesh/stenomesh/services/preprocess"
	"github.com/stenomesh/stenomesh/services/transcriber"
)

// Config is everything that can be set for a mesh in one process.
type Config struct {
	Data      string // folder that holds all state; one process at a time
	Users     users  // accounts to make if they are missing
	Catalog   string // catalogue file; empty: the built-in one
	LogFormat string // text or json
	LogLevel  string // debug, info, warn or error
	// Ready, if set, is given the bus before anything uses it; tests look into
	// the streams that way.
	Ready func(*bus.Bus)

	Gateway     gateway.Config
	Preprocess  preprocess.Config
	Dispatcher  dispatcher.Config
	Transcriber transcriber.Config
	History     history.Config
	Cache       cache.Config
	Metrics     metrics.Config
}

// DefaultConfig serves on this machine only and keeps its state in ./var.
func DefaultConfig() Config {
	cfg := Config{
		Data: "var", LogFormat: "text", LogLevel: "info",
		Gateway: gateway.DefaultConfig(), Preprocess: preprocess.DefaultConfig(),
		Dispatcher: dispatcher.DefaultConfig(), Transcriber: transcriber.DefaultConfig(),
		History: history.DefaultConfig(), Cache: cache.DefaultConfig(), Metrics: metrics.DefaultConfig(),
	}
	cfg.Gateway.Addr = "127.0.0.1:8000"
	// Paths that are left empty lie below Data; see placeBelowData.
	cfg.Gateway.KeyFile, cfg.History.StoreURL, cfg.Preprocess.Scratch, cfg.Transcriber.ModelDirs = "", "", "", ""
	return cfg
}

// ParseFlags reads the flags of `stenomesh up` and the environment.
// flag.ErrHelp: the help was asked for and printed.
func ParseFlags(args []string, lookup func(string) (string, bool)) (Config, error) {
	cfg := DefaultConfig()
	fs := flag.NewFlagSet("stenomesh up", flag.ContinueOnError)
	fs.StringVar(&cfg.Data, "data", cfg.Data, "folder that holds all state")
	fs.Var(&cfg.Users, "user", "`NAME:PASSWORD` of an account to make if it is missing; may repeat")
	fs.StringVar(&cfg.Catalog, "catalog", cfg.Catalog, "model catalogue; empty: the built-in one")
	fs.StringVar(&cfg.LogFormat, "log-format", cfg.LogFormat, "text or json")
	fs.StringVar(&cfg.LogLevel, "log-level", cfg.LogLevel, "debug, info, warn or error")
	cfg.registerServices(fs)
	// Shorthands for what most people set.
	fs.StringVar(&cfg.Gateway.Addr, "addr", cfg.Gateway.Addr, "short for -gateway.addr")
	fs.StringVar(&cfg.Gateway.ModelFallback, "model-fallback", cfg.Gateway.ModelFallback, "short for -gateway.model-fallback")
	if err := config.Parse(fs, args, lookup); err != nil {
		return cfg, err
	}
	if fs.NArg() > 0 {
		return cfg, fmt.Errorf("what is %q? Flags begin with a dash", fs.Arg(0))
	}
	return cfg, nil
}

func (c *Config) registerServices(fs *flag.FlagSet) {
	c.Gateway.RegisterFlags(fs)
	c.Preprocess.RegisterFlags(fs)
	c.Dispatcher.RegisterFlags(fs)
	c.Transcriber.RegisterFlags(fs)
	c.History.RegisterFlags(fs)
	c.Cache.RegisterFlags(fs)
	c.Metrics.RegisterFlags(fs)
}

// placeBelowData fills in the paths that were not set.
func (c *Config) placeBelowData() error {
	data, err := filepath.Abs(c.Data)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	c.Data = data
	setDefault(&c.Gateway.KeyFile, filepath.Join(data, "token.key"))
	setDefault(&c.History.StoreURL, "sqlite:"+filepath.Join(data, "history.db"))
	setDefault(&c.Preprocess.Scratch, filepath.Join(data, "scratch"))
	setDefault(&c.Transcriber.ModelDirs, modelDirs(data))
	setDefault(&c.Transcriber.RunDir, filepath.Join(data, "run"))
	return nil
}

// modelDirs are where models are pulled to, and where the bundled one lies when
// the program runs from the bin folder of the project.
func modelDirs(data string) string {
	dirs := []string{filepath.Join(data, "models")}
	if program, err := os.Executable(); err == nil {
		dirs = append(dirs, filepath.Join(filepath.Dir(program), "..", "deploy", "models"))
	}
	return strings.Join(dirs, string(filepath.ListSeparator))
}

func setDefault(value *string, fallback string) {
	if *value == "" {
		*value = fallback
	}
}

// user is a name and password from the command line.
type user struct{ name, password string }

// users is a flag that may repeat.
type users []user

// String names the accounts and hides their passwords.
func (u *users) String() string {
	names := make([]string, 0, len(*u))
	for _, one := range *u {
		names = append(names, one.name)
	}
	return strings.Join(names, " ")
}

// Set takes one NAME:PASSWORD.
func (u *users) Set(value string) error {
	name, password, ok := strings.Cut(value, ":")
	if !ok || name == "" || password == "" {
		return errors.New("want NAME:PASSWORD")
	}
	*u = append(*u, user{name: name, password: password})
	return nil
}
