package chaos

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// Direction is one of the two ways through a Proxy.
type Direction int

// The directions.
const (
	Up   Direction = iota // from who connects to the server
	Down                  // from the server
)

// Proxy is the network between somebody and a server, for a test to disturb. At
// first it does nothing. What is held back is late and not lost, as with TCP, as
// long as the connection lasts.
type Proxy struct {
	target   string
	listener net.Listener
	pumps    sync.WaitGroup

	mu      sync.Mutex
	changed *sync.Cond
	held    [2]bool
	delay   time.Duration
	rate    int    // bytes a second each way and connection; 0: as fast as it goes
	left    [2]int // bytes that may still pass before a connection is reset; below 0: all
	links   map[*link]bool
	closed  bool
}

// link is one connection through the proxy.
type link struct {
	ends [2]net.Conn // the client's and the server's
	gone bool        // guarded by the proxy
}

// StartProxy starts one before the server at target, an address such as
// "127.0.0.1:4222". It ends with the test.
func StartProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{target: target, listener: listener, left: [2]int{-1, -1}, links: map[*link]bool{}}
	p.changed = sync.NewCond(&p.mu)
	p.pumps.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// Addr is where to connect.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Hold lets nothing pass in a direction until Release.
func (p *Proxy) Hold(d Direction) { p.change(func() { p.held[d] = true }) }

// Release ends Hold; what was held goes on.
func (p *Proxy) Release(d Direction) { p.change(func() { p.held[d] = false }) }

// Slow makes all that passes late by delay, and the way so narrow in bytes a second
// (0: as wide as it is).
func (p *Proxy) Slow(delay time.Duration, rate int) {
	p.change(func() { p.delay, p.rate = delay, rate })
}

// Cut resets all connections; what was held on them is lost. New ones are taken.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		p.drop(l)
	}
}

// CutAfter resets the connection on which the n-th byte from now passes in a
// direction, right behind it.
func (p *Proxy) CutAfter(d Direction, n int) { p.change(func() { p.left[d] = n }) }

// WillCut tells whether CutAfter is still to happen.
func (p *Proxy) WillCut(d Direction) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.left[d] >= 0
}

func (p *Proxy) change(set func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	set()
	p.changed.Broadcast()
}

func (p *Proxy) close() {
	_ = p.listener.Close() // it only listens
	p.change(func() { p.closed = true })
	p.Cut()
	p.pumps.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", p.target)
		if err != nil { // the server is away: so are we
			_ = client.Close()
			continue
		}
		p.join(&link{ends: [2]net.Conn{client, server}})
	}
}

func (p *Proxy) join(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.links[l] = true
	if p.closed {
		p.drop(l)
	}
	for _, d := range []Direction{Up, Down} {
		parts := make(chan part, 1000)
		p.pumps.Go(func() { p.receive(l.ends[d], parts) })
		p.pumps.Go(func() { p.deliver(l, d, parts) })
	}
}

// drop resets a connection at both ends. The caller has the lock.
func (p *Proxy) drop(l *link) {
	if l.gone {
		return
	}
	l.gone = true
	delete(p.links, l)
	for _, end := range l.ends {
		if tcp, ok := end.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // else what is on its way would still arrive
		}
		_ = end.Close()
	}
	p.changed.Broadcast()
}

// part is bytes on their way.
type part struct {
	data []byte
	due  time.Time
}

// receive reads until the connection ends.
func (p *Proxy) receive(from io.Reader, parts chan<- part) {
	defer close(parts)
	for {
		data := make([]byte, 4<<10)
		n, err := from.Read(data)
		if n > 0 {
			p.mu.Lock()
			due := time.Now().Add(p.delay)
			p.mu.Unlock()
			parts <- part{data[:n], due}
		}
		if err != nil {
			return
		}
	}
}

// deliver writes what was received, when it may pass, and ends the connection
// behind the last of it.
func (p *Proxy) deliver(l *link, d Direction, parts <-chan part) {
	for next := range parts {
		time.Sleep(time.Until(next.due)) // this is the long way
		if err := p.pass(l, d, next.data); err != nil {
			break
		}
	}
	p.mu.Lock()
	p.drop(l)
	p.mu.Unlock()
	for range parts { // the reader may be waiting for room
		continue
	}
}

var errCut = errors.New("the connection was cut")

func (p *Proxy) pass(l *link, d Direction, data []byte) error {
	p.mu.Lock()
	for p.held[d] && !l.gone {
		p.changed.Wait()
	}
	gone, rate, cut := l.gone, p.rate, false
	if p.left[d] >= 0 {
		if cut = len(data) >= p.left[d]; cut {
			data = data[:p.left[d]]
		}
		p.left[d] -= len(data)
	}
	if cut {
		p.left[d] = -1
	}
	p.mu.Unlock()
	if gone {
		return errCut
	}
	if rate > 0 {
		time.Sleep(time.Duration(len(data)) * time.Second / time.Duration(rate)) // the narrow way
	}
	if _, err := l.ends[1-d].Write(data); err != nil {
		return err
	}
	if cut {
		return errCut
	}
	return nil
}
