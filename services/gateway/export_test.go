package gateway

import (
	"net"
	"net/http"
)

// OnConnState has f called, too, when a connection changes its state; call it before
// Run.
func (s *Service) OnConnState(f func(net.Conn, http.ConnState)) {
	ours := s.server.http.ConnState
	s.server.http.ConnState = func(conn net.Conn, state http.ConnState) {
		ours(conn, state)
		f(conn, state)
	}
}

// Routes lists the patterns of all routes.
func (s *Service) Routes() []string { return s.router.Patterns() }
