// Command stenomesh is the server: all services in one process.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/stenomesh/stenomesh/pkg/lifecycle"
	"github.com/stenomesh/stenomesh/services/mesh"
)

const usage = `stenomesh turns recordings into text on your own machines.

  stenomesh up [flags]     serve until Ctrl-C, with everything in this process
  stenomesh version        print the version

Run "stenomesh up -help" for the flags.
`

func main() {
	ctx, stop := interruptible()
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// interruptible returns a context that ends with the first signal. A second one
// ends the process at once, as if nobody listened.
func interruptible() (ctx context.Context, stop context.CancelFunc) {
	ctx, stop = signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

func run(ctx context.Context, args []string) (exitCode int) {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	switch args[0] {
	case "up":
		return up(ctx, args[1:])
	case "version":
		fmt.Println(lifecycle.Version)
		return 0
	case "help", "-h", "-help", "--help":
		fmt.Print(usage)
		return 0
	default:
		fmt.Fprintf(os.Stderr, "stenomesh: there is no command %q\n\n%s", args[0], usage)
		return 2
	}
}

func up(ctx context.Context, args []string) (exitCode int) {
	cfg, err := mesh.ParseFlags(args, os.LookupEnv)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "stenomesh:", err)
		return 2
	}
	if err := mesh.Run(ctx, cfg, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "stenomesh:", err)
		return 1
	}
	return 0
}
