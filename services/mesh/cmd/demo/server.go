package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os/exec"
	"syscall"
	"time"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

// server is a running server process.
type server struct {
	url     string
	process *exec.Cmd
	log     *tail
	ended   chan struct{} // closed when the process is gone
	err     error         // how it ended; read it after ended
}

// startServer starts the program on a free port of this machine.
func startServer(ctx context.Context, program, data string, as account) (*server, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	s := &server{url: "http://" + address, log: &tail{}, ended: make(chan struct{})}
	// The end of ctx does not kill the process: it is to stop in good order, see stop.
	s.process = exec.CommandContext(context.WithoutCancel(ctx), program, "up",
		"-addr", address, "-data", data, "-user", as.user+":"+as.password, "-model-fallback", "demo")
	s.process.Stdout, s.process.Stderr = s.log, s.log
	if err := s.process.Start(); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing; run: make build", program)
	} else if err != nil {
		return nil, err
	}
	go func() {
		s.err = s.process.Wait()
		close(s.ended)
	}()
	return s, nil
}

func freeAddress(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// awaitReady returns when the server is ready, is gone, or ctx ends.
func (s *server) awaitReady(ctx context.Context) error {
	c, err := client.New(client.Config{URL: s.url})
	if err != nil {
		return err
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := c.Ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-s.ended:
			return fmt.Errorf("the server ended before it was ready: %w", s.failure())
		case <-ctx.Done():
			return fmt.Errorf("the server did not become ready (%w): %w", err, context.Cause(ctx))
		}
	}
}

// failure is how the process ended, when it should not have.
func (s *server) failure() error {
	if s.err == nil {
		return errors.New("exit status 0")
	}
	return s.err
}

// stopLimit is how long a server may take to end in good order.
const stopLimit = 20 * time.Second

// stop asks the server to end and waits until it has. It is an error when the
// server had to be killed or says that something went wrong.
func (s *server) stop() error {
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		<-s.ended
		return fmt.Errorf("the server ended by itself: %w", s.failure())
	}
	select {
	case <-s.ended:
	case <-time.After(stopLimit):
		_ = s.process.Process.Kill() // it may have ended just now
		<-s.ended
		return fmt.Errorf("the server did not stop within %s and was killed", stopLimit)
	}
	if s.err != nil {
		return fmt.Errorf("stop the server: %w", s.err)
	}
	return nil
}
