package main

import (
	"context"
	"flag"
	"log/slog"
	"os"

	"github.com/stenomesh/stenomesh/pkg/host"
	"github.com/stenomesh/stenomesh/services/mesh"
)

// newFlags are those of a command, with the settings of every process.
func newFlags(command string) (*flag.FlagSet, *host.Config) {
	cfg := host.DefaultConfig()
	flags := flag.NewFlagSet("stenomesh "+command, flag.ContinueOnError)
	cfg.RegisterFlags(flags)
	return flags, &cfg
}

func parse(flags *flag.FlagSet, args []string) error {
	if err := host.ParseArgs(flags, args); err != nil {
		return usageError{err}
	}
	return nil
}

// provision makes the streams on a bus that others share.
func provision(ctx context.Context, args []string) error {
	flags, cfg := newFlags("provision")
	replicas := flags.Int("replicas", 1, "copies of every stream: 1, or 3 on a cluster of three servers")
	if err := parse(flags, args); err != nil {
		return err
	}
	return mesh.Provision(ctx, mesh.Provisioning{Host: *cfg, Replicas: *replicas}, operatorLog())
}

func healthcheck(ctx context.Context, args []string) error {
	flags, cfg := newFlags("healthcheck")
	if err := parse(flags, args); err != nil {
		return err
	}
	return host.AskReady(ctx, cfg.Ops)
}

// operatorLog is for commands, whose log a person reads.
func operatorLog() *slog.Logger { return slog.New(slog.NewTextHandler(os.Stderr, nil)) }
