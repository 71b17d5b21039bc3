// Package cli is the command-line program steno: it reads the arguments, asks the
// server through package client, and shows the answers.
//
// A command is a file: it holds the flags, the help and the work of one command.
// Results go to the standard output, everything else to the standard error, so
// that `steno transcribe talk.mp3 > talk.txt` holds the words alone.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/stenomesh/stenomesh/pkg/catalog"
)

// Exit codes of the program.
const (
	exitOK     = 0
	exitFailed = 1 // a job failed, or the server could not do what was asked
	exitUsage  = 2 // the command line makes no sense
)

// App is the program with what it needs of its surroundings.
type App struct {
	Stdout, Stderr io.Writer
	StdoutTerminal bool // a person looks at the standard output
	StderrTerminal bool // a person looks at the standard error: show progress bars
	Getenv         func(string) string
	Location       *time.Location                   // of the times shown
	Catalog        func() (*catalog.Catalog, error) // of the models that can be pulled
	HTTP           *http.Client                     // for the server and for models; nil is the usual one
	LoginFile      string                           // what login keeps; empty where nothing can be kept
	// ReadPassword asks a person, or reads a line of the standard input. Nil: nobody can
	// be asked.
	ReadPassword func(prompt string) (string, error)
	// LargeFile is the bytes from which on a recording is sent so that it can go on
	// after a break; 0 is the usual.
	LargeFile int64
}

// Run does what the arguments (without the program's name) say and returns the
// exit code. When ctx ends, running jobs are cancelled on the server first.
func (a *App) Run(ctx context.Context, arguments []string) int {
	err := a.dispatch(ctx, arguments)
	if err == nil {
		return exitOK
	}
	_, _ = fmt.Fprintf(a.Stderr, "steno: %s\n", sentence(err)) // nowhere else to tell it
	var usage *usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

// dispatch finds the command behind the flags that stand before it.
func (a *App) dispatch(ctx context.Context, arguments []string) error {
	c := connectionFromEnv(a.Getenv, a.readLogin())
	top := newFlags("steno", &c)
	err := top.Parse(arguments)
	arguments = top.Args()
	switch {
	case errors.Is(err, flag.ErrHelp):
		return a.help(nil)
	case err != nil:
		return usage("%v; `steno help` tells more", err)
	case len(arguments) == 0:
		_, _ = fmt.Fprint(a.Stderr, overview()) // the error follows there too
		return usage("name a command")
	case arguments[0] == "help":
		return a.help(arguments[1:])
	}
	command, rest, err := find(arguments)
	if err != nil {
		return err
	}
	return a.execute(ctx, command, c, rest)
}

// execute reads the flags of the command, wherever they stand, and does it.
func (a *App) execute(ctx context.Context, command command, c connection, arguments []string) error {
	fs := newFlags(command.name, &c)
	work := command.setup(fs)
	operands, err := parseMixed(fs, arguments)
	if errors.Is(err, flag.ErrHelp) {
		return a.print(command.page())
	}
	if err != nil {
		return usage("%v; `steno help %s` tells more", err, command.name)
	}
	return work(ctx, &session{App: a, connection: c}, operands)
}

// print writes to the standard output.
func (a *App) print(text string) error {
	if _, err := io.WriteString(a.Stdout, text); err != nil {
		return fmt.Errorf("write to the standard output: %w", err)
	}
	return nil
}

// note tells the person something that is no result.
func (a *App) note(format string, args ...any) {
	_, _ = fmt.Fprintf(a.Stderr, format+"\n", args...) // nowhere else to tell it
}
