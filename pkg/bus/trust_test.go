package bus_test

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/bus/bustest"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/testkit"
)

func TestCheck_tellsOfADenialAtOnce(t *testing.T) {
	t.Parallel()
	s := bustest.Start(t, "")
	s.Provision()
	said := &transcript{}
	b := s.Open("transcriber", said.log())

	for range 2 {
		if err := b.NC.Publish("tasks.v1.pre.normal.ANN.id.1", nil); err != nil {
			t.Fatal(err)
		}
	}

	testkit.Eventually(t, "the check is red", func() bool { return b.Check() != nil })
	if err := b.Check(); !fault.Is(err, fault.Unavailable) || fault.Of(err).Code != "bus_denied" ||
		!strings.Contains(err.Error(), `Publish to "tasks.v1.pre.normal.ANN.id.1"`) {
		t.Errorf("check: %v", err)
	}
	if err := b.NC.Flush(); err != nil {
		t.Fatal(err)
	}
	said.wants(t, 1, "bus denies this service a subject", "service=transcriber", "tasks.v1.pre.normal.ANN.id.1")
}

func TestCheck_tellsOfARevokedKeyUntilItIsPutBack(t *testing.T) {
	t.Parallel()
	s := bustest.Start(t, "")
	said := &transcript{}
	b := s.Open("gateway", said.log())

	s.Revoke("gateway")

	testkit.Eventually(t, "the check tells of it", func() bool { return fault.Of(b.Check()) != nil && fault.Of(b.Check()).Code == "bus_denied" })
	if err := b.Await(t.Context(), testkit.Patience); err == nil {
		t.Error("Await waits for a server that refused")
	}
	said.wants(t, 1, "bus refuses the key of this service", "service=gateway")
	s.Admit()
	testkit.Eventually(t, "it is in again", func() bool { return b.Check() == nil })
}

func TestOpen_isRefusedAKeyThatTheServerDoesNotKnow(t *testing.T) {
	t.Parallel()
	s, stranger := bustest.Start(t, ""), bustest.Start(t, "")
	said := &transcript{}

	b, err := bus.Open(t.Context(), bus.Config{URL: s.URL(), SeedFile: stranger.SeedFile("gateway")}, "gateway", said.log())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)

	if err := b.Await(t.Context(), testkit.Patience); fault.Of(err).Code != "bus_denied" || !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	said.wants(t, 1, "bus refuses the key of this service")
}

func TestOpen_tellsOfARefusalByAServerThatCameLater(t *testing.T) {
	t.Parallel()
	s, stranger := bustest.Start(t, ""), bustest.Start(t, "")
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = door.Close() }) // closed already
	cfg := bus.Config{URL: "nats://" + door.Addr().String(), SeedFile: stranger.SeedFile("gateway")}
	early := make(chan struct{})
	go func() { // the first who knocks finds nobody, the others the server
		for first := true; ; first = false {
			client, err := door.Accept()
			if err != nil {
				return
			}
			if first {
				_ = client.Close()
				close(early)
				continue
			}
			go pass(client, strings.TrimPrefix(s.URL(), "nats://"))
		}
	}()

	b, err := bus.Open(t.Context(), cfg, "gateway", testkit.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	<-early

	if err := b.Await(t.Context(), testkit.Patience); fault.Of(err).Code != "bus_denied" {
		t.Errorf("got %v", err)
	}
}

// pass connects a client to a server.
func pass(client net.Conn, server string) {
	defer func() { _ = client.Close() }()
	conn, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	go func() { _, _ = io.Copy(conn, client); _ = conn.Close() }() // until either ends
	_, _ = io.Copy(client, conn)
}

func TestConnect_isRefusedWithoutAKey(t *testing.T) {
	t.Parallel()
	s := bustest.Start(t, "")

	for name, option := range map[string]nats.Option{
		"nobody": nats.Name("nobody"), "a name": nats.UserInfo("gateway", ""), "the system": nats.UserInfo("SYS", "SYS"),
	} {
		if nc, err := nats.Connect(s.URL(), option); err == nil {
			nc.Close()
			t.Errorf("%s is let in", name)
		}
	}
}

func TestOpen_tellsOfASeedFileThatIsNone(t *testing.T) {
	t.Parallel()
	seed, public, err := bus.NewUserKey()
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"the public part": public, "half a seed": string(seed[:30]), "nothing": ""} {
		_, err := bus.Open(t.Context(), bus.Config{URL: nats.DefaultURL, SeedFile: write(t, text)}, "gateway", testkit.Log(t))

		if err == nil {
			t.Errorf("%s is taken", what)
		} else if text != "" && strings.Contains(err.Error(), text[5:20]) {
			t.Errorf("%s: the error holds it: %v", what, err)
		}
	}
}
