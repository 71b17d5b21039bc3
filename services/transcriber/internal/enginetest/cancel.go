package enginetest

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
)

func tellsMemory(t *testing.T, e *suite) {
	e.transcribe(t, e.request(0))
	m, err := e.Memory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if m.Resident < 1<<20 || m.Busy != 0 {
		t.Errorf("idle engine tells %+v", m)
	}
}

// stopsCancelledCall also shows that cancelling is prompt: Process kills an engine
// that goes on with a cancelled call.
func stopsCancelledCall(t *testing.T, e *suite) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := e.Transcribe(ctx, e.request(0))
		ended <- err
	}()
	e.awaitBusy(t, ended, 1)

	cancel()

	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled call: error %v, want context.Canceled", err)
	}
	if err := e.Err(); err != nil {
		t.Fatalf("the engine had to be killed: %v", err)
	}
	e.mustHear(t, 1, "after a cancelled call")
}

func stopsAtDeadline(t *testing.T, e *suite) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()

	_, err := e.Transcribe(ctx, e.request(0))

	if !errors.Is(err, engine.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want ErrTimeout", err)
	}
	if err := e.Err(); err != nil {
		t.Fatalf("the engine had to be killed: %v", err)
	}
	e.mustHear(t, 1, "after a deadline")
}

// stopsWaitingCall cancels one call more than the engine has slots.
func stopsWaitingCall(t *testing.T, e *suite) {
	slots := int(e.Info().GetSlots())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, slots+1)
	for range slots + 1 {
		go func() {
			_, err := e.Transcribe(ctx, e.request(0))
			ended <- err
		}()
	}
	e.awaitBusy(t, ended, slots)

	cancel()

	for range slots + 1 {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled call: error %v, want context.Canceled", err)
		}
	}
	if err := e.Err(); err != nil {
		t.Errorf("the engine had to be killed: %v", err)
	}
}

// awaitBusy returns when the engine decodes this many windows.
func (e *suite) awaitBusy(t *testing.T, ended <-chan error, want int) {
	t.Helper()
	for {
		select {
		case err := <-ended:
			t.Fatalf("a call ended (error %v) before %d slots were seen busy", err, want)
		default:
		}
		m, err := e.Memory(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if m.Busy >= want {
			return
		}
	}
}

// endsWithPipe closes the pipe; Close reports if the engine needed more than that.
func endsWithPipe(t *testing.T, p *engine.Process) {
	if err := p.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	select {
	case <-p.Done():
	default:
		t.Error("Close returned before the end")
	}
	if err := syscall.Kill(-p.PID(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("somebody is left in the engine's process group: %v", err)
	}
}
