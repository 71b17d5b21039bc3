// Package bench measures the mesh on the machine it runs on. It starts the
// server and the engine as processes, as an operator does, and asks the server
// over HTTP, as a client does; only what a client cannot see (the queue, a key's
// write, rows of a history that is days old) is done in this process, with the
// packages that the services use.
//
//	throughput   same windows: engine process alone | whole mesh, one file | 20 files
//	latency      upload to done, to the first segment; cold and warm
//	accept       POST create; one durable write
//	hop          queue to worker
//	memory       resident memory of each process
//	events       10 000 streams of events open at once
//	history      pages of a history with 10 000 jobs
//
// Each section starts from nothing and leaves nothing.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Config says what is measured, with which parts.
type Config struct {
	Server   string    // program of the server
	Engine   string    // program of the engine
	Model    string    // file of the demo model
	Audio    string    // folder of the sample recordings
	Only     string    // name of the only section to measure; empty: all
	Progress io.Writer // told what is going on; nil for nobody
	Sizes    Sizes
}

// Sizes say how much is measured.
type Sizes struct {
	Rounds      int           // of each throughput
	LongSeconds float64       // length of the one recording
	Files       int           // recordings at once
	Latencies   int           // uploads, one after the other
	Creates     int           // accepted jobs
	Hops        int           // tasks through the queue
	Jobs        int           // in the history
	Reading     time.Duration // of each kind of page
	Streams     int           // of events, open at once
}

// DefaultConfig fits the top of the project and takes less than three minutes on
// two cores.
func DefaultConfig() Config {
	return Config{
		Server: "bin/stenomesh", Engine: "bin/whisper-engine",
		Model: "deploy/models/ggml-demo-en-ru.bin", Audio: "testdata/audio",
		Sizes: Sizes{
			Rounds: 1, LongSeconds: 300, Files: 20, Latencies: 10,
			Creates: 500, Hops: 300, Jobs: 10_000, Reading: 3 * time.Second, Streams: 10_000,
		},
	}
}

// section is a part of the report.
type section struct {
	name, title string
	measure     func(*bench, context.Context) ([]Row, error)
}

func sections() []section {
	return []section{
		{"throughput", "Throughput; the language is given (en), so that none is spent on finding it", (*bench).throughput},
		{"latency", "Latency of one job on an idle mesh", (*bench).latency},
		{"accept", "Accepting jobs", (*bench).accept},
		{"hop", "Queue, idle embedded bus, every write synced to disk", (*bench).hop},
		{"memory", "Resident memory", (*bench).memory},
		{"events", "Streams of events, from another process, on a mesh whose engine is halted", (*bench).events},
		{"history", "Pages of 10 out of the history, 8 connections", (*bench).history},
	}
}

// SectionNames lists what Config.Only may be.
func SectionNames() string {
	var names []string
	for _, s := range sections() {
		names = append(names, s.name)
	}
	return strings.Join(names, ", ")
}

// bench is one run.
type bench struct {
	cfg    Config
	folder string // for everything; removed in the end
	voices [][]byte
}

// Run measures and returns the figures. Nothing of it is left when it returns:
// no process and no file.
func Run(ctx context.Context, cfg Config) (report Report, err error) {
	if err := cfg.check(); err != nil {
		return Report{}, err
	}
	if cfg.Progress == nil {
		cfg.Progress = io.Discard
	}
	folder, err := os.MkdirTemp("", "stenomesh-bench-")
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	b := &bench{cfg: cfg, folder: folder}
	if b.voices, err = readVoices(ctx, cfg.Audio); err != nil {
		return Report{}, err
	}
	if report.Machine, err = ReadMachine(ctx, cfg.Server); err != nil {
		return Report{}, err
	}
	for _, s := range sections() {
		if cfg.Only != "" && cfg.Only != s.name {
			continue
		}
		rows, err := b.section(ctx, s)
		if err != nil {
			return Report{}, fmt.Errorf("measure %s: %w", s.name, err)
		}
		report.Sections = append(report.Sections, Section{Name: s.name, Title: s.title, Rows: rows})
	}
	return report, nil
}

func (b *bench) section(ctx context.Context, s section) ([]Row, error) {
	began := time.Now()
	b.progress("measuring %s\n", s.name)
	rows, err := s.measure(b, ctx)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	b.progress("measured %s in %.0f s\n", s.name, time.Since(began).Seconds())
	return rows, err
}

func (b *bench) progress(format string, args ...any) {
	_, _ = fmt.Fprintf(b.cfg.Progress, format, args...) // who closed it does not read on
}

// check finds what is missing before anything is measured.
func (c Config) check() error {
	if c.Sizes.Rounds < 1 {
		return errors.New("there must be a round")
	}
	for _, path := range []string{c.Server, c.Engine, c.Model, c.Audio} {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("%s is missing; run at the top of the project: make build", path)
		}
	}
	for _, s := range sections() {
		if c.Only == "" || c.Only == s.name {
			return nil
		}
	}
	return fmt.Errorf("there is no section %q, only %s", c.Only, SectionNames())
}
