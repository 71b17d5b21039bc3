package gateway_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/gateway"
)

// scissors stand between clients and a gateway. They cut connections while bytes go
// up, and lead to another gateway when they are told.
type scissors struct {
	listener net.Listener
	every    int64 // bytes between two cuts

	mu     sync.Mutex
	target string
	cuts   int   // still to be made
	next   int64 // bytes of the next cut
	sent   int64 // bytes that went up
	open   map[net.Conn]bool
	conns  sync.WaitGroup
}

// startScissors cuts so many times within a number of bytes.
func startScissors(t testing.TB, target string, cuts int, within int64) *scissors {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	every := within / int64(cuts+1)
	s := &scissors{listener: listener, every: every, target: target, cuts: cuts, next: every, open: map[net.Conn]bool{}}
	s.conns.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.conns.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		s.cut()
		s.conns.Wait()
	})
	return s
}

func (s *scissors) url() string { return "http://" + s.listener.Addr().String() }

func (s *scissors) lead(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.target = strings.TrimPrefix(url, "http://")
}

// left is how many cuts are still to be made, and how many bytes went up.
func (s *scissors) left() (cuts int, sent int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cuts, s.sent
}

func (s *scissors) serve(down net.Conn) {
	s.mu.Lock()
	target := s.target
	s.mu.Unlock()
	defer func() { _ = down.Close() }()
	up, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", target)
	if err != nil {
		return // the gateway is not there just now
	}
	s.track(down, up)
	defer s.forget(down, up)
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = io.Copy(down, up)
		_ = down.Close()
	}()
	_, _ = io.Copy(meter{up, s}, down)
	_ = up.Close()
	<-answered
}

func (s *scissors) track(conns ...net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range conns {
		s.open[conn] = true
	}
}

func (s *scissors) forget(conns ...net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range conns {
		delete(s.open, conn)
	}
}

// cut ends all connections.
func (s *scissors) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.open {
		_ = conn.Close()
	}
}

// meter counts what goes up, and cuts in the middle of it.
type meter struct {
	net.Conn
	s *scissors
}

func (m meter) Write(p []byte) (int, error) {
	n, err := m.Conn.Write(p)
	m.s.mu.Lock()
	m.s.sent += int64(n)
	now := m.s.cuts > 0 && m.s.sent >= m.s.next
	if now {
		m.s.cuts--
		m.s.next += m.s.every
	}
	m.s.mu.Unlock()
	if now {
		m.s.cut()
	}
	return n, err
}

// journey is an upload whose connection is cut again and again, while the gateways of
// the mesh are replaced one after the other.
type journey struct {
	content []byte
	proxy   *scissors
	user    user
	ended   chan struct{} // closed when the replacements are over
}

// travel begins a journey: of size bytes, with so many cuts; the gateway is replaced
// when a third and when two thirds of the bytes went up.
func travel(t *testing.T, size, cuts int) *journey {
	t.Helper()
	key := filepath.Join(t.TempDir(), "token.key")
	sameKey := func(c *gateway.Config) { c.KeyFile = key }
	r := start(t, sameKey)
	j := &journey{content: make([]byte, size), user: r.login("ann"), ended: make(chan struct{})}
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(j.content) // never fails
	copy(j.content, "ID3\x04")
	j.proxy = startScissors(t, strings.TrimPrefix(r.url, "http://"), cuts, int64(size))
	go func() {
		defer close(j.ended)
		current := r.off()
		for _, at := range []int64{int64(size) / 3, 2 * int64(size) / 3} {
			testkit.Eventually(current.t, "enough went up", func() bool { _, sent := j.proxy.left(); return sent >= at })
			before := current
			current = before.another(sameKey)
			j.proxy.lead(current.url)
			before.stop()
		}
	}()
	return j
}

// arrived fails the test unless the bytes became the same file, after all cuts.
func (j *journey) arrived(t *testing.T, id string) {
	t.Helper()
	<-j.ended
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, j.proxy.url()+"/api/v1/files/"+id, nil)
	j.user.ok(err)
	req.Header.Set("Authorization", "Bearer "+j.user.token)
	sum := sha256.Sum256(j.content)
	file := j.user.do(req).wants(200, "")
	if file.field("sha256") != hex.EncodeToString(sum[:]) || file.field("size") != strconv.Itoa(len(j.content)) {
		t.Errorf("the file is %s", file.body)
	}
	cuts, sent := j.proxy.left()
	if cuts > 0 {
		t.Errorf("%d cuts were not made", cuts)
	}
	t.Logf("%d bytes went up for %d", sent, len(j.content))
}

// TestUploads_arriveThroughCutsAndRestarts sends a recording by the protocol alone, as
// any client does: it asks where it is, and sends from there.
func TestUploads_arriveThroughCutsAndRestarts(t *testing.T) {
	t.Parallel()
	const piece = 512 << 10
	j := travel(t, 6<<20, 10)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	ask := func(method, path string, body []byte, header map[string]string) (http.Header, bool) {
		req, err := http.NewRequestWithContext(t.Context(), method, j.proxy.url()+path, bytes.NewReader(body))
		j.user.ok(err)
		req.Header.Set("Authorization", "Bearer "+j.user.token)
		req.Header.Set("Tus-Resumable", "1.0.0")
		for name, value := range header {
			req.Header.Set(name, value)
		}
		resp, err := client.Do(req)
		if err != nil {
			return nil, false
		}
		_ = resp.Body.Close()
		return resp.Header, resp.StatusCode < 300
	}

	made, _ := ask(http.MethodPost, uploads, nil, map[string]string{"Upload-Length": strconv.Itoa(len(j.content))})
	path := made.Get("Location")
	testkit.Eventually(t, "all of it has arrived", func() bool {
		head, ok := ask(http.MethodHead, path, nil, nil)
		if !ok {
			return false
		}
		at, err := strconv.Atoi(head.Get("Upload-Offset"))
		j.user.ok(err)
		for ok && at < len(j.content) {
			end := min(at+piece, len(j.content))
			_, ok = ask(http.MethodPatch, path, j.content[at:end], map[string]string{
				"Upload-Offset": strconv.Itoa(at), "Content-Type": "application/offset+octet-stream",
			})
			at = end
		}
		return ok
	})

	j.arrived(t, idOf(path))
}
