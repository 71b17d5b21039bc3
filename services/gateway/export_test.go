package gateway

import (
	"net"
	"net/http"
)

// OnConnState has f called when a connection changes its state; call it before Run.
func (s *Service) OnConnState(f func(net.Conn, http.ConnState)) { s.server.http.ConnState = f }
