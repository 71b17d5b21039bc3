// Bench measures the mesh and prints the figures of docs/results.md as one
// table: throughput beside the bare engine, latencies, memory, reads of the
// history. `make bench` runs it. Package internal/bench does the work.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/stenomesh/stenomesh/services/mesh/internal/bench"
)

// patience is when a run has gone wrong for certain.
const patience = 10 * time.Minute

func main() {
	cfg := bench.DefaultConfig()
	only := flag.String("only", "", "`section` to measure alone: "+bench.SectionNames())
	jsonFile := flag.String("json", "", "`file` to write the figures to as well, as JSON")
	flag.IntVar(&cfg.Sizes.Rounds, "rounds", cfg.Sizes.Rounds, "times that each throughput is measured")
	flag.StringVar(&cfg.Server, "server", cfg.Server, "`program` of the server")
	flag.StringVar(&cfg.Engine, "engine", cfg.Engine, "`program` of the engine")
	flag.StringVar(&cfg.Model, "model", cfg.Model, "`file` of the demo model")
	flag.StringVar(&cfg.Audio, "audio", cfg.Audio, "`folder` of the sample recordings")
	flag.Parse()
	cfg.Only, cfg.Progress = *only, os.Stderr

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second Ctrl-C ends the program at once
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("the measurements took too long"))
	err := run(ctx, cfg, *jsonFile)
	cancel()
	if err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "bench: %v\n", err) // nowhere else to tell it
		os.Exit(1)
	}
}

func run(ctx context.Context, cfg bench.Config, jsonFile string) error {
	report, err := bench.Run(ctx, cfg)
	if err != nil {
		return err
	}
	if _, err := fmt.Print(report.Text()); err != nil {
		return err
	}
	if jsonFile == "" {
		return nil
	}
	data, err := report.JSON()
	if err != nil {
		return err
	}
	return os.WriteFile(jsonFile, data, 0o600)
}
