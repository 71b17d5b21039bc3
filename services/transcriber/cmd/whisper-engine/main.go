//go:build whisper

// Command whisper-engine holds one whisper.cpp model and serves engine/v1 on a
// unix socket. The transcriber starts one for each loaded model, watches it and
// kills it; it ends by itself when the pipe on its standard input closes. Signals
// kill it: whoever waits for it can then tell that they came from outside.
//
// Exit status: 0 ended by its parent, 1 the socket cannot be served, else that of
// package engineproc.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/engineproc"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engineserver"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/whisper"
)

func main() {
	os.Exit(start(os.Args[1:]))
}

// start does all and returns the exit status.
func start(args []string) int {
	settings, err := parse(args, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return engineproc.ExitUsage // parse has said why
	}
	logger := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: settings.level}))
	settings.model.Logger = logger

	err = run(withParent(context.Background(), os.Stdin), settings, logger)
	if err != nil {
		fmt.Fprintln(os.Stderr, "whisper-engine:", err)
	}
	return exitCode(err)
}

// exitCode is how the parent is told what run ended with.
func exitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errLoad) && errors.Is(err, whisper.ErrOutOfMemory):
		return engineproc.ExitMemory
	case errors.Is(err, errLoad):
		return engineproc.ExitModel
	default:
		return 1
	}
}

var errLoad = errors.New("cannot load the model")

// run serves until ctx ends. It returns without waiting for windows in work:
// whoever asked for them is gone.
func run(ctx context.Context, s settings, logger *slog.Logger) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "unix", s.socket)
	if err != nil {
		return fmt.Errorf("serve %s: %w", s.socket, err)
	}
	defer func() { _ = os.Remove(s.socket) }()
	server := engineserver.New(logger)
	serving := make(chan error, 1)
	go func() { serving <- server.GRPC().Serve(listener) }()
	loading := make(chan error, 1)
	go func() { loading <- load(server, s.model, logger) }()

	for {
		select {
		case err := <-loading:
			if err != nil {
				return fmt.Errorf("%w: %w", errLoad, err)
			}
			loading = nil
		case err := <-serving:
			return fmt.Errorf("serve: %w", err)
		case <-ctx.Done():
			return nil
		}
	}
}

// load gives the server its model, which lives as long as the process.
func load(server *engineserver.Server, config whisper.Config, logger *slog.Logger) error {
	model, err := whisper.Load(config)
	if err != nil {
		return err
	}
	server.Use(model)
	info := model.Info()
	logger.Info("model loaded", "model", config.ModelPath, "type", info.ModelType,
		"device", info.Device, "gpu", info.GPU, "slots", info.Slots, "took", info.LoadTime)
	return nil
}
