package redis_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// proxy stands between a store and a server, leads to another one, or answers
// itself.
type proxy struct {
	url     string
	refused atomic.Int32 // connections that led nowhere

	mu     sync.Mutex
	target string // path of a socket
	answer string // instead of the server's
	conns  []net.Conn
}

func newProxy(t *testing.T, url string) *proxy {
	t.Helper()
	folder, err := os.MkdirTemp("", "stenomesh-proxy-") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(folder, "proxy.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{url: "unix://" + socket, target: strings.TrimPrefix(url, "unix://")}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		p.cut()
		serving.Wait()
		_ = os.RemoveAll(folder)
	})
	return p
}

// lead makes all connections go to another server.
func (p *proxy) lead(url string) {
	p.mu.Lock()
	p.target = strings.TrimPrefix(url, "unix://")
	p.mu.Unlock()
	p.cut()
}

// garble makes the proxy answer with a text, or "" not any more.
func (p *proxy) garble(answer string) {
	p.mu.Lock()
	p.answer = answer
	p.mu.Unlock()
	p.cut()
}

// cut ends all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
	p.conns = nil
}

func (p *proxy) serve(conn net.Conn) {
	p.mu.Lock()
	target, answer := p.target, p.answer
	p.conns = append(p.conns, conn)
	p.mu.Unlock()
	defer func() { _ = conn.Close() }()
	if answer != "" {
		_, _ = io.WriteString(conn, answer)
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	server, err := net.Dial("unix", target)
	if err != nil {
		p.refused.Add(1)
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(conn, server)
		_ = conn.Close()
	}()
	_, _ = io.Copy(server, conn)
}
