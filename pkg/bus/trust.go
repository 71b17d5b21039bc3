package bus

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// codeDenied is that of the faults by which Check tells of it.
const codeDenied = "bus_denied"

const (
	// deniedFor is how long Check tells of a denial after the last one.
	deniedFor = time.Minute
	// deniedLoud is how many different denials of that time are worth an error line.
	deniedLoud = 20
)

// trust notes what the server does not let us do. It says so only beside the
// request, whose caller waits for a reply until the time is up; so the log and
// Check must tell.
type trust struct {
	service string
	log     *slog.Logger

	mu      sync.Mutex
	refused error                // why the server does not let us in; nil: it does
	denied  map[string]time.Time // what, such as `Publish to "a.b"`, and when last
	last    string               // of denied
}

func newTrust(service string, log *slog.Logger) *trust {
	return &trust{service: service, log: log, denied: map[string]time.Time{}}
}

// heard takes what the server says beside requests.
func (t *trust) heard(err error) {
	switch {
	case errors.Is(err, nats.ErrPermissionViolation):
		t.deny(err)
	case isRefusal(err):
		t.refuse(err)
	default:
		t.log.Warn("bus error", "err", err)
	}
}

// failed takes why a connection could not be made. That a server is away is said
// elsewhere.
func (t *trust) failed(err error) {
	if isRefusal(err) {
		t.refuse(err)
	}
}

// admitted notes that the server lets us in.
func (t *trust) admitted() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused = nil
}

// check returns what there is to tell; the error is Unavailable.
func (t *trust) check() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.refused != nil {
		return fault.Wrap(fmt.Errorf("the server does not take the key of %s: %w", t.service, t.refused),
			fault.Unavailable, codeDenied, "The bus does not let this service in.")
	}
	if at, known := t.denied[t.last]; known && time.Since(at) < deniedFor {
		return fault.Wrap(fmt.Errorf("%s is denied: %s", t.service, t.last),
			fault.Unavailable, codeDenied, "The bus denies this service something that it needs.")
	}
	return nil
}

func isRefusal(err error) bool {
	return errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthRevoked) ||
		errors.Is(err, nats.ErrAuthExpired) || errors.Is(err, nats.ErrAccountAuthExpired)
}

func (t *trust) refuse(err error) {
	t.mu.Lock()
	known := t.refused != nil
	t.refused = err
	t.mu.Unlock()
	if !known { // each try to connect says it again
		t.log.Error("bus refuses the key of this service", "service", t.service, "err", err,
			"check", "is the public part of the seed in the server's accounts, and has the server read them?")
	}
}

func (t *trust) deny(err error) {
	_, what, _ := strings.Cut(err.Error(), "Permissions Violation for ")
	if t.note(what, time.Now()) {
		t.log.Error("bus denies this service a subject", "service", t.service, "denied", what,
			"check", "were the server's accounts made by this version, and has the server read them?")
	}
}

// note remembers a denial, and reports whether it is new and there are not too many
// already: subjects hold ids.
func (t *trust) note(what string, now time.Time) (loud bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for old, at := range t.denied {
		if now.Sub(at) >= deniedFor {
			delete(t.denied, old)
		}
	}
	_, known := t.denied[what]
	t.denied[what] = now
	t.last = what
	return !known && len(t.denied) <= deniedLoud
}
