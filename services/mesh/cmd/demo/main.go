// Demo shows that everything works: it starts the whole mesh in one process, or
// asks one that runs already, transcribes bundled recordings through the public
// HTTP API, compares the words with what was said, and tells where the time went.
// `make demo` and `make demo-compose` run it.
//
// It knows the server only from outside, as a program to start and an API to ask.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// patience is when a demonstration has gone wrong for certain.
const patience = 3 * time.Minute

func main() {
	var d demo
	names := flag.String("recordings", "en-06.flac,ru-11.flac", "recordings to transcribe, by `names` parted with commas")
	flag.StringVar(&d.program, "server", "bin/stenomesh", "`program` of the server")
	flag.StringVar(&d.folder, "audio", "testdata/audio", "`folder` of the recordings and of samples.tsv")
	flag.StringVar(&d.running.url, "url", "", "`address` of a server that runs already, for example http://127.0.0.1:8000; empty: one is started")
	flag.StringVar(&d.running.user, "user", "admin", "account on that server")
	secret := flag.String("password-file", "", "`file` with the password of that account; - is standard input")
	flag.Parse()
	d.names, d.out, d.errors = strings.Split(*names, ","), os.Stdout, os.Stderr
	if err := d.readPassword(*secret); err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "demo: %v\n", err) // nowhere else to tell it
		os.Exit(2)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second Ctrl-C ends the program at once
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("the demonstration took too long"))
	err := d.run(ctx)
	cancel()
	if err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "demo: %v\n", err) // nowhere else to tell it
		os.Exit(1)
	}
}

// readPassword takes the password of a server that runs already; in an argument
// everybody on the machine could see it.
func (d *demo) readPassword(path string) error {
	if d.running.url == "" {
		return nil
	}
	if path == "" {
		return errors.New("-url needs -password-file")
	}
	if path == "-" {
		path = "/dev/stdin"
	}
	text, err := os.ReadFile(path)
	d.running.password = strings.TrimSpace(string(text))
	return err
}
