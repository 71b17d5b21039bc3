package chaos_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
)

func TestProxy_holdsOneDirectionAndLosesNothing(t *testing.T) {
	t.Parallel()
	p := chaos.StartProxy(t, echo(t))
	conn := dial(t, p)
	say(t, conn, "one")

	p.Hold(chaos.Down)
	write(t, conn, "two")
	if err := conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d bytes came through, %v", n, err)
	}
	p.Release(chaos.Down)

	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if got := read(t, conn, 3); got != "two" {
		t.Errorf("got %q", got)
	}
}

func TestProxy_cutsInTheMiddleOfAMessage(t *testing.T) {
	t.Parallel()
	p := chaos.StartProxy(t, echo(t))
	conn := dial(t, p)
	p.CutAfter(chaos.Up, 4)

	write(t, conn, "message")
	got, err := io.ReadAll(conn)

	if len(got) > 4 || p.WillCut(chaos.Up) {
		t.Errorf("got %q, %v", got, err)
	}
	say(t, dial(t, p), "a new connection is whole")
}

func TestProxy_isSlowAndNarrow(t *testing.T) {
	t.Parallel()
	p := chaos.StartProxy(t, echo(t))
	conn := dial(t, p)
	began := time.Now()

	p.Slow(50*time.Millisecond, 1000)
	say(t, conn, "there and back")

	if took := time.Since(began); took < 100*time.Millisecond { // a bound from below holds on any machine
		t.Errorf("took %v", took)
	}
}

// echo is the address of a server that says all it hears.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(conn, conn); _ = conn.Close() }()
		}
	}()
	return listener.Addr().String()
}

func dial(t *testing.T, p *chaos.Proxy) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func say(t *testing.T, conn net.Conn, words string) {
	t.Helper()
	write(t, conn, words)
	if got := read(t, conn, len(words)); got != words {
		t.Errorf("got %q", got)
	}
}

func write(t *testing.T, conn net.Conn, words string) {
	t.Helper()
	if _, err := io.WriteString(conn, words); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, conn net.Conn, n int) string {
	t.Helper()
	heard := make([]byte, n)
	if _, err := io.ReadFull(conn, heard); err != nil {
		t.Fatal(err)
	}
	return string(heard)
}
