package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"time"
)

// child is a process that was started to be measured.
type child struct {
	cmd   *exec.Cmd
	said  *said
	ended chan struct{} // closed when it is gone
	err   error         // how it ended; read it after ended
}

// spawn starts a process; what it says is kept for when something goes wrong.
// Whoever calls it calls stop.
func spawn(cmd *exec.Cmd) (*child, error) {
	c := &child{cmd: cmd, said: &said{news: make(chan struct{}, 1)}, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = c.said, c.said
	cmd.WaitDelay = time.Second // its own children may hold the output open for a moment
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		c.err = cmd.Wait()
		close(c.ended)
	}()
	return c, nil
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// stopLimit is how long a process may take to end in good order.
const stopLimit = 20 * time.Second

// stop asks the process to end and waits until it has. It is an error when it had
// ended before, had to be killed, or says that something went wrong.
func (c *child) stop(ask func() error) error {
	select {
	case <-c.ended:
		return c.failure(errors.New("it ended by itself"))
	default:
	}
	if err := ask(); err != nil {
		_ = c.cmd.Process.Kill() // it may have ended just now
	}
	select {
	case <-c.ended:
		return c.failure(nil)
	case <-time.After(stopLimit):
		_ = c.cmd.Process.Kill() // as above
		<-c.ended
		return c.failure(fmt.Errorf("it did not stop within %s", stopLimit))
	}
}

// failure tells how an ended process failed, with the last it said; nil for one
// that did not.
func (c *child) failure(why error) error {
	if why = errors.Join(why, c.err); why == nil {
		return nil
	}
	return fmt.Errorf("%s: %w; it said last: %s", c.cmd.Path, why, c.said)
}

// saidLimit is how much is kept of what a process says.
const saidLimit = 4 << 10

// said keeps the end of what is written to it.
type said struct {
	news chan struct{} // has an element when something was written

	mu   sync.Mutex
	kept []byte
}

// Write takes everything.
func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	s.kept = append(s.kept, p...)
	s.kept = bytes.Clone(s.kept[max(0, len(s.kept)-saidLimit):])
	s.mu.Unlock()
	select {
	case s.news <- struct{}{}:
	default:
	}
	return len(p), nil
}

// String returns what was kept.
func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.kept)
}
