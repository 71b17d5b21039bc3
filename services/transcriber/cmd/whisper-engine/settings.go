//go:build whisper

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/whisper"
)

// settings are the command line.
type settings struct {
	socket string
	level  slog.Level
	model  whisper.Config
}

// parse reads the command line; it has told stderr what is wrong when it
// returns an error.
func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("whisper-engine", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.model.ModelPath, "model", "", "model `file` in ggml format")
	flags.StringVar(&s.socket, "socket", "", "unix socket to serve, a `path` that does not exist")
	flags.IntVar(&s.model.Slots, "slots", 1, "windows decoded side by side")
	flags.IntVar(&s.model.Threads, "threads", 0, "threads of each slot; 0: share the cores")
	flags.BoolVar(&s.model.GPU, "gpu", false, "use the first GPU")
	flags.StringVar(&s.model.BackendsDir, "backends", "", "`folder` of ggml backends; default: the installed library's")
	flags.TextVar(&s.level, "log-level", slog.LevelInfo, "least `level` that is logged")

	err := flags.Parse(args)
	if err != nil {
		return s, err
	}
	if err = s.check(flags.NArg()); err != nil {
		_, _ = fmt.Fprintln(stderr, "whisper-engine:", err)
		flags.Usage()
	}
	return s, err
}

func (s settings) check(arguments int) error {
	switch {
	case arguments > 0:
		return errors.New("flags only, no arguments")
	case s.model.ModelPath == "":
		return errors.New("-model is missing")
	case s.socket == "":
		return errors.New("-socket is missing")
	case s.model.Slots < 1 || s.model.Slots > 256:
		return errors.New("-slots must be 1 to 256")
	case s.model.Threads < 0 || s.model.Threads > 1024:
		return errors.New("-threads must be 0 to 1024")
	}
	return nil
}
