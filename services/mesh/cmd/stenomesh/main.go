// Command stenomesh is the server: all services in one process, or some of them,
// and what an operator does before and beside them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/stenomesh/stenomesh/pkg/host"
	"github.com/stenomesh/stenomesh/pkg/lifecycle"
	"github.com/stenomesh/stenomesh/services/mesh"
)

const usage = `stenomesh turns recordings into text on your own machines.

  stenomesh up [flags]           serve until Ctrl-C, with everything in this process;
                                 with -target=gateway,history only those services
  stenomesh provision [flags]    make the streams on the bus, or bring them up to date
  stenomesh migrate [flags]      bring the tables of the history up to date
  stenomesh secrets [flags]      make the keys and passwords of a mesh of many processes
  stenomesh healthcheck [flags]  ask the process on -ops.addr whether it is ready
  stenomesh version              print the version

Run "stenomesh up -help" for the flags; the others know -help too.
`

// commands are what the first argument may be. flag.ErrHelp is no error.
var commands = map[string]func(ctx context.Context, args []string) error{
	"up":          up,
	"provision":   provision,
	"migrate":     migrate,
	"secrets":     secretsCommand,
	"healthcheck": healthcheck,
	"version":     version,
}

func main() {
	ctx, stop := host.Interruptible()
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string) (exitCode int) {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		fmt.Print(usage)
		return 0
	}
	command, known := commands[args[0]]
	if !known {
		fmt.Fprintf(os.Stderr, "stenomesh: there is no command %q\n\n%s", args[0], usage)
		return 2
	}
	var asked usageError
	switch err := command(ctx, args[1:]); {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &asked):
		fmt.Fprintln(os.Stderr, "stenomesh:", err)
		return 2
	default:
		fmt.Fprintln(os.Stderr, "stenomesh:", err)
		return 1
	}
}

// usageError is one of whoever typed the command.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

func up(ctx context.Context, args []string) error {
	cfg, err := mesh.ParseFlags(args, os.LookupEnv)
	if err != nil {
		return usageError{err}
	}
	return mesh.Run(ctx, cfg, os.Stdout, os.Stderr)
}

func version(context.Context, []string) error {
	_, err := fmt.Println(lifecycle.Version)
	return err
}
