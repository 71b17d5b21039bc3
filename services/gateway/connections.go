package gateway

import (
	"net"
	"net/http"
	"sync"
)

// connections bounds how many clients are connected at once. When all places are
// taken a connection without a request gives way; while there is none, newcomers wait
// in the system's queue. Each place comes free again: requests have deadlines.
type connections struct {
	net.Listener // set before the first Accept
	places       chan struct{}
	closed       chan struct{}
	close        func()

	mu      sync.Mutex
	idle    map[net.Conn]bool
	waiting bool // a newcomer needs a place
}

func newConnections(most int) *connections {
	c := &connections{places: make(chan struct{}, max(1, most)), closed: make(chan struct{}), idle: map[net.Conn]bool{}}
	c.close = sync.OnceFunc(func() { close(c.closed) })
	return c
}

// Accept implements net.Listener. Connections that it returns have to be reported to
// changed until they are closed.
func (c *connections) Accept() (net.Conn, error) {
	if !c.place() {
		return nil, net.ErrClosed
	}
	conn, err := c.Listener.Accept()
	if err != nil {
		<-c.places
	}
	return conn, err
}

// Close implements net.Listener.
func (c *connections) Close() error {
	c.close()
	return c.Listener.Close()
}

// place waits for a place; false when the listener was closed.
func (c *connections) place() bool {
	select {
	case c.places <- struct{}{}:
		return true
	default:
	}
	c.wait(true)
	defer c.wait(false)
	select {
	case c.places <- struct{}{}:
		return true
	case <-c.closed:
		return false
	}
}

// wait notes whether a newcomer needs a place, and makes one if that is possible now.
func (c *connections) wait(waiting bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = waiting
	if !waiting {
		return
	}
	for conn := range c.idle { // one is enough, whichever
		delete(c.idle, conn)
		_ = conn.Close() // its place comes free when the server notices
		return
	}
}

// changed follows the connections; it is http.Server.ConnState.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.idle, conn)
	switch {
	case state == http.StateIdle && c.waiting:
		c.waiting = false
		_ = conn.Close()
	case state == http.StateIdle:
		c.idle[conn] = true
	case state == http.StateClosed || state == http.StateHijacked:
		<-c.places
	}
}
