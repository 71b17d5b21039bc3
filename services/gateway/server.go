package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Times that bound what a client can hold on to. Bodies and answers have their own
// deadlines (package web), since uploads and long polls are slow by nature.
const (
	headerTime   = 10 * time.Second
	idleTime     = 2 * time.Minute
	shutdownTime = 10 * time.Second
	headerBytes  = 64 << 10
)

// server is the HTTP server and its listener.
type server struct {
	http     *http.Server
	listener *connections
	requests sync.WaitGroup // handlers that run
}

func newServer(cfg Config, log *slog.Logger, handler http.Handler) *server {
	s := &server{listener: newConnections(cfg.MaxConnections)}
	s.http = &http.Server{
		Addr:              cfg.Addr,
		Handler:           s.counted(handler),
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		ConnState:         s.listener.changed,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // clients' broken connections
	}
	return s
}

// counted lets run wait for handlers whose connections were cut.
func (s *server) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		defer s.requests.Done()
		next.ServeHTTP(w, r)
	})
}

func (s *server) listen(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.http.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.http.Addr, err)
	}
	s.listener.Listener = listener
	return nil
}

func (s *server) addr() string { return s.listener.Addr().String() }

// run serves until ctx ends, then finishes the requests there are, or cuts them
// off when they take too long.
func (s *server) run(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() { failed <- s.http.Serve(s.listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve http: %w", err)
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if s.http.Shutdown(limit) != nil {
		_ = s.http.Close() // the connections go either way
	}
	s.requests.Wait()
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve http: %w", err)
	}
	return nil
}
