package testkit

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// OwnRedis is a Redis server of one test, which may stop it, start it again, or
// make it fall silent. It is used by one goroutine.
type OwnRedis struct {
	program  string
	folder   string // of its socket; nothing else is stored
	settings []string
	process  *os.Process   // nil while it is stopped
	ended    chan struct{} // closed when the process is gone
	output   bytes.Buffer  // read it after ended
}

// RedisServer starts a server that ends with the test, or with the test program,
// however that ends. It listens on a unix socket only and writes nothing to the
// disk. More settings are as on its command line: "--maxmemory", "2mb".
func RedisServer(t testing.TB, settings ...string) *OwnRedis {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("Redis is not installed; run: make test-tools")
	}
	folder, err := os.MkdirTemp("", "stenomesh-redis-") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	r := &OwnRedis{program: program, folder: folder, settings: settings}
	t.Cleanup(func() {
		r.Stop(t)
		_ = os.RemoveAll(folder) // what is left lies in the folder for temporary files
	})
	r.Start(t)
	return r
}

// URL is where the server is, also while it is stopped.
func (r *OwnRedis) URL() string { return "unix://" + r.socket() }

func (r *OwnRedis) socket() string { return filepath.Join(r.folder, "redis.sock") }

// Start brings a stopped server back, empty.
func (r *OwnRedis) Start(t testing.TB) {
	t.Helper()
	started := make(chan error, 1)
	r.ended = make(chan struct{})
	r.output.Reset()
	go r.live(started)
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(Patience)
	for _, err := r.ask("PING"); err != nil; _, err = r.ask("PING") { // with a password it refuses, which is an answer
		if r.hasEnded() || time.Now().After(deadline) {
			r.Stop(t)
			t.Fatalf("Redis does not start: %s", r.output.Bytes())
		}
		time.Sleep(time.Millisecond)
	}
}

// live starts the program and waits for its end, both on one thread: the kernel
// takes the end of the thread that started a child for the parent's death.
func (r *OwnRedis) live(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(r.ended)
	args := append([]string{"--port", "0", "--unixsocket", r.socket(), "--dir", r.folder, "--save", "", "--appendonly", "no"}, r.settings...)
	command := exec.CommandContext(context.Background(), r.program, args...) // Stop ends it
	command.Stdout, command.Stderr = &r.output, &r.output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	err := command.Start()
	r.process = command.Process
	started <- err
	if err == nil {
		_ = command.Wait() // it is killed: that is no error
	}
}

func (r *OwnRedis) hasEnded() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

// Stop kills the server, also one that is paused; all it held is gone. It does
// nothing when the server is stopped.
func (r *OwnRedis) Stop(t testing.TB) {
	t.Helper()
	if r.process == nil {
		return
	}
	_ = r.process.Kill() // one that has ended needs none
	<-r.ended
	r.process = nil
}

// Pause makes the server fall silent: connections stay and nothing answers.
func (r *OwnRedis) Pause(t testing.TB) {
	t.Helper()
	r.signal(t, syscall.SIGSTOP)
}

// Resume ends a pause. The server then does what it was asked meanwhile.
func (r *OwnRedis) Resume(t testing.TB) {
	t.Helper()
	r.signal(t, syscall.SIGCONT)
}

func (r *OwnRedis) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := r.process.Signal(signal); err != nil {
		t.Fatalf("signal Redis: %v", err)
	}
}

// Flush removes everything the server holds.
func (r *OwnRedis) Flush(t testing.TB) {
	t.Helper()
	if answer, err := r.ask("FLUSHALL"); err != nil || answer != "+OK" {
		t.Fatalf("flush Redis: %q, %v", answer, err)
	}
}

// ask sends a command without arguments and returns the first line of the answer.
func (r *OwnRedis) ask(command string) (string, error) {
	conn, err := (&net.Dialer{Timeout: Patience}).DialContext(context.Background(), "unix", r.socket())
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }() // nothing is lost
	if err := conn.SetDeadline(time.Now().Add(Patience)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintf(conn, "%s\r\n", command); err != nil {
		return "", err
	}
	answer := make([]byte, 256)
	n, err := conn.Read(answer)
	line, _, _ := strings.Cut(string(answer[:n]), "\r\n")
	return line, err
}
