package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

// account is where the demonstration runs, and as whom.
type account struct{ url, user, password string }

// demo is one demonstration.
type demo struct {
	program string   // the server's, unless one runs already
	running account  // of the server that runs; without a URL one is started
	folder  string   // of the recordings
	names   []string // of the recordings
	out     io.Writer
	errors  io.Writer
}

// run leaves nothing behind but, on a server that ran already, two finished jobs.
func (d *demo) run(ctx context.Context) error {
	samples, err := readSamples(d.folder, d.names)
	if err != nil {
		return err
	}
	if d.running.url != "" {
		return d.show(ctx, d.running, samples)
	}
	return d.runOwn(ctx, samples)
}

// runOwn starts a server for the demonstration and removes it again, with all it
// has written.
func (d *demo) runOwn(ctx context.Context, samples []sample) (err error) {
	data, err := os.MkdirTemp("", "stenomesh-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(data) }() // the system empties its temporary folder in the end
	own := account{user: "demo", password: rand.Text()}
	server, err := startServer(ctx, d.program, data, own)
	if err != nil {
		return err
	}
	own.url = server.url
	defer func() {
		if stopErr := server.stop(); err == nil {
			err = stopErr
		}
		if err != nil {
			_, _ = fmt.Fprintf(d.errors, "\nLast lines of the server's log:\n%s\n", server.log) // nowhere else to tell it
		}
	}()
	began := time.Now()
	if err := server.awaitReady(ctx); err != nil {
		return err
	}
	d.printf("%s up, ready on %s after %.1f s\n", d.program, server.url, time.Since(began).Seconds())
	return d.show(ctx, own, samples)
}

// show does what a user would do, from outside.
func (d *demo) show(ctx context.Context, as account, samples []sample) error {
	c, err := client.New(client.Config{URL: as.url})
	if err != nil {
		return err
	}
	if err := c.Login(ctx, as.user, as.password); err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	for _, s := range samples {
		r, err := transcribe(ctx, c, s)
		if err != nil {
			return fmt.Errorf("transcribe %s: %w", s.name, err)
		}
		d.printf("%s", r.text())
		if err := r.check(); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(d.out, format, args...) // who closed the output does not read on
}
