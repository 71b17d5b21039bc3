// Scripted-engine is the engine of the fault tests: a second program that speaks
// engine/v1 as whisper-engine does, takes the same flags and refuses the same
// requests, but needs no model and goes wrong on command.
//
// What it "hears" is a pure function of the samples (see words.go), so a pipeline's
// result can be compared word for word with an undisturbed run, wherever the
// windows were cut. What goes wrong, and how fast it works, stands in a script
// beside the model file (see script.go).
//
// It ends when its standard input ends, with exit code 0; the codes of a failed
// start are those of package engineproc.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"syscall"
	"time"

	"google.golang.org/grpc"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engineproc"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stderr))
}

// options are the flags.
type options struct {
	model, socket, backends string
	slots, threads          int
	gpu                     bool
}

func parseFlags(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("scripted-engine", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.model, "model", "", "path of a file that stands for the model")
	flags.StringVar(&o.socket, "socket", "", "path of the unix socket to serve on")
	flags.IntVar(&o.slots, "slots", 1, "windows decoded side by side")
	flags.IntVar(&o.threads, "threads", 1, "accepted and ignored")
	flags.BoolVar(&o.gpu, "gpu", false, "use a GPU, where the script has one")
	flags.StringVar(&o.backends, "backends", "", "accepted and ignored")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.model == "" || o.socket == "" || o.slots < 1 || o.threads < 1 || flags.NArg() > 0 {
		return o, fmt.Errorf("-model and -socket are required, -slots and -threads at least 1")
	}
	return o, nil
}

// run serves until stdin ends and returns the exit code.
func run(args []string, stdin io.Reader, stderr io.Writer) int {
	started := time.Now()
	log := slog.New(slog.NewJSONHandler(stderr, nil))
	o, err := parseFlags(args, stderr)
	if err != nil {
		log.Error("bad usage", "err", err)
		return engineproc.ExitUsage
	}
	if err := load(o.model); err != nil {
		log.Error("model cannot be loaded", "err", err)
		if errors.Is(err, errMemory) {
			return engineproc.ExitMemory
		}
		return engineproc.ExitModel
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "unix", o.socket)
	if err != nil {
		log.Error("cannot listen", "err", err)
		return engineproc.ExitUsage
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(engineproc.MaxMessage))
	enginev1.RegisterEngineServiceServer(server, newEngine(o, time.Since(started)))
	go func() {
		_, _ = io.Copy(io.Discard, stdin) // any end of the parent's pipe is the end
		server.Stop()
	}()
	// ErrServerStopped: the input ended before the serving began.
	if err := server.Serve(listener); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		log.Error("serving ended", "err", err)
		return 1
	}
	return 0
}

// errMemory is what a script can make of a load.
var errMemory = errors.New("scripted lack of memory")

// load does what the script has for the time of loading.
func load(model string) error {
	info, err := os.Stat(model)
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return fmt.Errorf("%s is empty", model)
	}
	s, err := readScript(model)
	if err != nil {
		return err
	}
	switch s.Load {
	case "fail":
		return fmt.Errorf("the script says so")
	case "memory":
		return errMemory
	case "crash":
		return syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "hang":
		select {}
	}
	return nil
}
