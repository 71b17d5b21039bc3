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

// user is the account that the demonstration makes.
const user = "demo"

// demo is one demonstration.
type demo struct {
	program string   // the server's
	folder  string   // of the recordings
	names   []string // of the recordings
	out     io.Writer
	errors  io.Writer
}

// run leaves nothing behind: no process and no file.
func (d *demo) run(ctx context.Context) (err error) {
	samples, err := readSamples(d.folder, d.names)
	if err != nil {
		return err
	}
	data, err := os.MkdirTemp("", "stenomesh-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(data) }() // the system empties its temporary folder in the end
	password := rand.Text()
	server, err := startServer(ctx, d.program, data, user+":"+password)
	if err != nil {
		return err
	}
	defer func() {
		if stopErr := server.stop(); err == nil {
			err = stopErr
		}
		if err != nil {
			_, _ = fmt.Fprintf(d.errors, "\nLast lines of the server's log:\n%s\n", server.log) // nowhere else to tell it
		}
	}()
	return d.show(ctx, server, password, samples)
}

// show does what a user would do, from outside.
func (d *demo) show(ctx context.Context, server *server, password string, samples []sample) error {
	c, err := client.New(client.Config{URL: server.url})
	if err != nil {
		return err
	}
	began := time.Now()
	if err := server.awaitReady(ctx, c); err != nil {
		return err
	}
	d.printf("%s up, ready on %s after %.1f s\n", d.program, server.url, time.Since(began).Seconds())
	if err := c.Login(ctx, user, password); err != nil {
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
