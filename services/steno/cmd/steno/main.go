// Steno is the command-line client of Stenomesh; `steno help` tells what it does.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/services/steno/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second Ctrl-C ends the program at once
	app := cli.App{
		Stdout: os.Stdout, Stderr: os.Stderr,
		StdoutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		StderrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		Getenv:         os.Getenv, Location: time.Local, Catalog: catalog.Default,
		LoginFile: loginFile(), ReadPassword: readPassword,
	}
	os.Exit(app.Run(ctx, os.Args[1:]))
}
