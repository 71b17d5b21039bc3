package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/engineproc"
)

// errSwept is returned when a folder is gone before it was locked.
var errSwept = errors.New("folder was swept away")

// socket is a path for a unix socket, in a folder only we may enter.
type socket struct {
	path string
	lock *os.File // keeps PrepareRunDir of other processes away
}

// newSocket makes the folder under the run folder and locks it.
func newSocket(dir string) (socket, error) {
	for {
		s, err := lockedSocket(runDir(dir))
		// Another process may sweep between making and locking.
		if !errors.Is(err, errSwept) {
			return s, err
		}
	}
}

func lockedSocket(dir string) (socket, error) {
	private, err := os.MkdirTemp(dir, folderPrefix)
	if err != nil {
		return socket{}, fmt.Errorf("make folder for engine socket: %w", err)
	}
	lock, err := lockFolder(private, syscall.LOCK_EX)
	if errors.Is(err, os.ErrNotExist) {
		return socket{}, errSwept
	}
	if err != nil {
		_ = os.Remove(private) // it is empty
		return socket{}, fmt.Errorf("lock folder of engine socket: %w", err)
	}
	s := socket{path: filepath.Join(private, socketName), lock: lock}
	if _, err := os.Stat(private); err != nil {
		s.remove()
		return socket{}, errSwept
	}
	return s, nil
}

func (s socket) remove() {
	_ = os.RemoveAll(filepath.Dir(s.path))
	_ = s.lock.Close()
}

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
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(engineproc.MaxMessage), grpc.MaxCallSendMsgSize(engineproc.MaxMessage)),
		grpc.WithDisableServiceConfig(),
		grpc.WithIdleTimeout(0),
	)
	if err != nil {
		return nil, fmt.Errorf("connect to engine: %w", err)
	}
	return conn, nil
}
