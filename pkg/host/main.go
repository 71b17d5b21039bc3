package host

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/stenomesh/stenomesh/pkg/config"
	"github.com/stenomesh/stenomesh/pkg/lifecycle"
)

// Main is the program of one part: it reads flags and environment, and serves
// until a signal. "version" and "healthcheck" as the first argument do what they
// say.
func Main(part Part) (exitCode int) {
	ctx, stop := Interruptible()
	defer stop()
	return run(ctx, part, os.Args[1:], os.Stdout, os.Stderr)
}

// Interruptible returns a context that ends with the first signal. A second one
// ends the process at once, as if nobody listened.
func Interruptible() (ctx context.Context, stop context.CancelFunc) {
	ctx, stop = signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

func run(ctx context.Context, part Part, args []string, out, logTo io.Writer) (exitCode int) {
	command := ""
	if len(args) > 0 && (args[0] == "version" || args[0] == "healthcheck") {
		command, args = args[0], args[1:]
	}
	if command == "version" {
		_, _ = fmt.Fprintln(out, lifecycle.Version)
		return 0
	}
	cfg := DefaultConfig()
	flags := flag.NewFlagSet(part.Name, flag.ContinueOnError)
	flags.SetOutput(logTo)
	cfg.RegisterFlags(flags)
	part.Flags(flags)
	err := ParseArgs(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		_, _ = fmt.Fprintf(logTo, "%s: %v\n", part.Name, err)
		return 2
	case command == "healthcheck":
		err = AskReady(ctx, cfg.Ops)
	case part.Needs&Bus != 0 && cfg.Bus.Embedded():
		err = errAlone
	default:
		err = Run(ctx, cfg, part.Name, []Part{part}, out, logTo)
	}
	if err != nil {
		_, _ = fmt.Fprintf(logTo, "%s: %v\n", part.Name, err)
		return 1
	}
	return 0
}

// ParseArgs reads flags and the environment. flag.ErrHelp: the help was asked for
// and printed.
func ParseArgs(flags *flag.FlagSet, args []string) error {
	if err := config.Parse(flags, args, os.LookupEnv); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("what is %q? Flags begin with a dash", flags.Arg(0))
	}
	return nil
}

// AskReady asks the process whose probes are on addr of this machine whether it is
// ready; the error says why not. Containers check their health so.
func AskReady(ctx context.Context, addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("-ops.addr must be host:port: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort("127.0.0.1", port)+"/health/ready", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10)) // whatever of it came
		return fmt.Errorf("not ready: %s", said)
	}
	return nil
}
