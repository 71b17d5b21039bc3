package engine

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
)

// maxSocketPath is what fits into a socket address everywhere, with some room.
const maxSocketPath = 100

// socket is a path for a unix socket, in a folder only we may enter.
type socket struct{ path string }

// newSocket makes the folder under dir, or under /tmp where dir is too long a
// name for a socket.
func newSocket(dir string) (socket, error) {
	if dir == "" {
		dir = os.TempDir()
	}
	if len(filepath.Join(dir, "steno-0123456789", "s")) >= maxSocketPath {
		dir = "/tmp"
	}
	private, err := os.MkdirTemp(dir, "steno-")
	if err != nil {
		return socket{}, fmt.Errorf("make folder for engine socket: %w", err)
	}
	return socket{path: filepath.Join(private, "s")}, nil
}

func (s socket) remove() { _ = os.RemoveAll(filepath.Dir(s.path)) }

// dial returns a connection that is made as soon as something listens on path,
// and then kept.
func dial(path string) (*grpc.ClientConn, error) {
	dialer := func(ctx context.Context, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	retry := backoff.Config{BaseDelay: 10 * time.Millisecond, Multiplier: 1.2, MaxDelay: 100 * time.Millisecond}
	conn, err := grpc.NewClient("passthrough:///engine",
		grpc.WithContextDialer(dialer),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: retry, MinConnectTimeout: time.Second}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(MaxMessage), grpc.MaxCallSendMsgSize(MaxMessage)),
		grpc.WithDisableServiceConfig(),
		grpc.WithIdleTimeout(0),
	)
	if err != nil {
		return nil, fmt.Errorf("connect to engine: %w", err)
	}
	return conn, nil
}
