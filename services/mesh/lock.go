package mesh

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockData makes sure that no other process uses the data folder: two servers
// over one set of streams would destroy them. The kernel frees the lock when
// the process ends, however it ends.
func (m *mesh) lockData() error {
	file, err := os.OpenFile(filepath.Join(m.cfg.Data, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock data folder: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		_ = file.Close()
		return fmt.Errorf("another stenomesh uses %s: stop it, or give this one its own -data", m.cfg.Data)
	}
	if err != nil {
		_ = file.Close()
		return fmt.Errorf("lock data folder: %w", err)
	}
	m.stack.OnStop("data lock", func() { _ = file.Close() })
	return nil
}
