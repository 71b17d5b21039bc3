package testkit_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
)

func TestRedisServer_isEmptyAfterAFlushAndAfterAStop(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	forget := map[string]func(){
		"flush": func() { server.Flush(t) },
		"stop":  func() { server.Stop(t); server.Start(t) },
	}
	for name, how := range forget {
		if got := redis(t, server, "SET word hello"); got != "+OK" {
			t.Fatalf("got %q", got)
		}

		how()

		if got := redis(t, server, "GET word"); got != "$-1" {
			t.Errorf("%s: got %q, want nothing", name, got)
		}
	}
}

func TestRedisServer_doesWhatItWasAskedAfterAPause(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	server.Pause(t)
	answer := make(chan string)
	go func() { answer <- redis(t, server, "PING") }()

	select {
	case got := <-answer:
		t.Errorf("it is paused and answers %q", got)
	case <-time.After(50 * time.Millisecond):
	}
	server.Resume(t)

	if got := <-answer; got != "+PONG" {
		t.Errorf("got %q", got)
	}
}

func TestRedisServer_canBeStoppedWhilePaused(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	server.Pause(t)
	server.Stop(t)

	server.Start(t)

	if got := redis(t, server, "PING"); got != "+PONG" {
		t.Errorf("got %q", got)
	}
}

func TestRedisServer_takesSettings(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t, "--requirepass", "secret")
	if got := redis(t, server, "AUTH secret"); got != "+OK" {
		t.Errorf("got %q", got)
	}
}

// killedWithRedis makes this test program one that starts a server and waits to
// be killed.
const killedWithRedis = "STENOMESH_TESTKIT_KILLED_WITH_REDIS"

func TestRedisServer_endsWithAProgramThatIsKilled(t *testing.T) {
	t.Parallel()
	if os.Getenv(killedWithRedis) != "" {
		fmt.Println("server " + testkit.RedisServer(t).URL())
		time.Sleep(testkit.Patience)
		return
	}
	program := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	program.Env = append(os.Environ(), killedWithRedis+"=1")
	output, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	url := ""
	for lines := bufio.NewScanner(output); url == "" && lines.Scan(); {
		_, url, _ = strings.Cut(lines.Text(), "server ")
	}
	socket := strings.TrimPrefix(url, "unix://")
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatalf("no server at %q: %v", url, err)
	}

	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = program.Wait()

	if err := conn.SetDeadline(time.Now().Add(testkit.Patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
		t.Errorf("the server has not ended: %v", err)
	}
	_ = os.RemoveAll(strings.TrimSuffix(socket, "/redis.sock")) // a killed test cannot
}

// redis runs a command and returns the first line of the answer.
func redis(t *testing.T, server *testkit.OwnRedis, command string) string {
	conn, err := net.Dial("unix", strings.TrimPrefix(server.URL(), "unix://"))
	if err != nil {
		t.Error(err)
		return ""
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "%s\r\n", command); err != nil {
		t.Error(err)
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Error(err)
	}
	return strings.TrimSpace(answer)
}
