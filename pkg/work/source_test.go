package work_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/pkg/work"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestDurable_hearsAMessageThatIsLongOnItsWay(t *testing.T) {
	t.Parallel()
	const patience = 300 * time.Millisecond
	near, far := distant(t, patience+patience/2)
	source := work.NewDurable(far.JS, bus.StreamTasks, bus.ConsumerASR("demo"), patience)
	got := make(chan jetstream.Msg, 1)
	go func() {
		defer close(got)
		msg, err := source.Next(t.Context())
		for errors.Is(err, work.ErrEmpty) {
			msg, err = source.Next(t.Context())
		}
		if err != nil {
			t.Error(err)
			return
		}
		got <- msg
	}()
	testkit.Eventually(t, "somebody waits for a task", func() bool { return waiting(t, near) > 0 })
	publish(t, near)

	msg, ok := <-got
	if !ok {
		return
	}
	if told, err := msg.Metadata(); err != nil || told.NumDelivered != 1 {
		t.Errorf("%+v, %v; want the first delivery", told, err)
	}
}

func waiting(t *testing.T, b *bus.Bus) int {
	t.Helper()
	consumer, err := b.JS.Consumer(t.Context(), bus.StreamTasks, bus.ConsumerASR("demo"))
	if err != nil {
		t.Fatal(err)
	}
	return consumer.CachedInfo().NumWaiting
}

func publish(t *testing.T, b *bus.Bus) {
	t.Helper()
	task := &jobv1.Task{JobId: "0198c0de-0000-7000-8000-000000000001", UserId: "ann", Attempt: 1}
	subject := job.TaskSubject(task, "demo", jobv1.Priority_PRIORITY_NORMAL)
	if _, err := b.JS.Publish(t.Context(), subject, []byte("task")); err != nil {
		t.Fatal(err)
	}
}

// distant returns two connections to one server; what it sends reaches the far
// one after delay.
func distant(t *testing.T, delay time.Duration) (near, far *bus.Bus) {
	t.Helper()
	s, err := server.NewServer(&server.Options{JetStream: true, StoreDir: t.TempDir(), DontListen: true, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(testkit.Patience) {
		t.Fatal("the server does not start")
	}
	connect := func(name string, to nats.InProcessConnProvider) *bus.Bus {
		b, err := bus.Connect(name, nats.DefaultURL, testkit.Log(t), nats.InProcessServer(to))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.NC.Close)
		return b
	}
	near, far = connect("near", s), connect("far", slowServer{s, delay})
	if err := bus.Provision(t.Context(), near.JS, bus.EmbeddedLayout([]string{"demo"})); err != nil {
		t.Fatal(err)
	}
	return near, far
}

type slowServer struct {
	*server.Server
	delay time.Duration
}

func (s slowServer) InProcessConn() (net.Conn, error) {
	inner, err := s.Server.InProcessConn()
	if err != nil {
		return nil, err
	}
	c := &slowConn{Conn: inner, parts: make(chan part, 1000)}
	go c.receive(s.delay)
	return c, nil
}

// slowConn holds back what it receives.
type slowConn struct {
	net.Conn
	parts chan part
	rest  []byte
}

type part struct {
	data []byte
	due  time.Time
}

func (c *slowConn) receive(delay time.Duration) {
	defer close(c.parts)
	for {
		data := make([]byte, 4096)
		n, err := c.Conn.Read(data)
		if err != nil {
			return
		}
		c.parts <- part{data[:n], time.Now().Add(delay)}
	}
}

// Read is called by one goroutine at a time.
func (c *slowConn) Read(into []byte) (int, error) {
	if len(c.rest) == 0 {
		next, ok := <-c.parts
		if !ok {
			return 0, io.EOF
		}
		time.Sleep(time.Until(next.due)) // this is the long way
		c.rest = next.data
	}
	n := copy(into, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}
