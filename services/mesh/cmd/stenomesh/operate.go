package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/stenomesh/stenomesh/pkg/host"
	"github.com/stenomesh/stenomesh/services/history"
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
	check := flags.Bool("check", false, "only tell how the streams differ from what they should be")
	if err := parse(flags, args); err != nil {
		return err
	}
	return mesh.Provision(ctx, mesh.Provisioning{Host: *cfg, Replicas: *replicas, CheckOnly: *check}, operatorLog())
}

// migrate brings the tables up to date before new processes start.
func migrate(ctx context.Context, args []string) error {
	flags, _ := newFlags("migrate")
	cfg := history.DefaultConfig()
	cfg.RegisterFlags(flags)
	if err := parse(flags, args); err != nil {
		return err
	}
	return history.Migrate(ctx, cfg)
}

// secretsCommand makes what the processes of a mesh prove with who they are.
func secretsCommand(_ context.Context, args []string) error {
	flags := flag.NewFlagSet("stenomesh secrets", flag.ContinueOnError)
	dir := flags.String("dir", "secrets", "folder to fill; what is there already stays as it is")
	if err := parse(flags, args); err != nil {
		return err
	}
	made, err := mesh.MakeSecrets(*dir)
	if err != nil {
		return err
	}
	fmt.Printf("%d secrets made in %s, the others were there; the password of the first account (admin) is in %s\n",
		made, *dir, filepath.Join(*dir, "history", "admin-password"))
	return nil
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
