package bus

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
)

func TestTrust_tellsOfADenialForAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tr := newTrust("gateway", slog.New(slog.DiscardHandler))

		tr.heard(denial("a"))
		time.Sleep(deniedFor - time.Second)
		if tr.check() == nil {
			t.Error("forgotten too early")
		}
		tr.heard(denial("a"))
		time.Sleep(deniedFor - time.Second)
		if tr.check() == nil {
			t.Error("the second one does not count")
		}
		time.Sleep(time.Second)
		if err := tr.check(); err != nil {
			t.Errorf("not forgotten: %v", err)
		}
	})
}

func TestTrust_isNotLoudAboutTheSameOrTooMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		tr := newTrust("gateway", slog.New(slog.NewTextHandler(&said, nil)))
		lines := func() int { return strings.Count(said.String(), "\n") }

		for range 5 {
			tr.heard(denial("same"))
		}
		if lines() != 1 {
			t.Errorf("%d lines about one subject", lines())
		}
		for n := range 10 * deniedLoud {
			tr.heard(denial(fmt.Sprint("job.", n)))
		}
		if lines() != deniedLoud {
			t.Errorf("%d lines, want at most %d", lines(), deniedLoud)
		}
		time.Sleep(deniedFor)
		tr.heard(denial("same"))
		if lines() != deniedLoud+1 {
			t.Error("silent about what is still denied")
		}
	})
}

// denial is what the client makes of the server's words.
func denial(subject string) error {
	return fmt.Errorf("%w: Permissions Violation for Publish to %q", nats.ErrPermissionViolation, subject)
}
