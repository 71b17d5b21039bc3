package enginetest

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"

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

func stopsCancelledCall(t *testing.T, e *suite) {
	err := e.mustStopEarly(t, func(kept <-chan error) error {
		ctx, cancel := context.WithCancel(t.Context())
		ended := e.inBackground(ctx, e.long())
		e.awaitBusy(t, kept, 2)
		cancel()
		return <-ended
	})

	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled call: error %v, want context.Canceled", err)
	}
	e.mustHear(t, 1, "after a cancelled call")
}

func stopsAtDeadline(t *testing.T, e *suite) {
	err := e.mustStopEarly(t, func(<-chan error) error {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		return <-e.inBackground(ctx, e.long())
	})

	if !errors.Is(err, engine.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want ErrTimeout", err)
	}
}

// mustStopEarly makes a call that is given up and returns its error. The engine has
// to be done with it before it is done with an equal call, kept, that began before
// it: Process returns from a call that was given up once the engine has stopped it.
func (e *suite) mustStopEarly(t *testing.T, giveUp func(kept <-chan error) error) error {
	t.Helper()
	kept := e.inBackground(t.Context(), e.long())
	e.awaitBusy(t, kept, 1)
	err := giveUp(kept)
	select {
	case err := <-kept:
		t.Errorf("the engine did not stop a call before another ended that began earlier (error %v)", err)
	default:
		if err := <-kept; err != nil {
			t.Errorf("the call beside it: %v", err)
		}
	}
	if err := e.Err(); err != nil {
		t.Fatalf("the engine had to be killed: %v", err)
	}
	return err
}

// long has the speech of all windows, as far as there is room.
func (e *suite) long() *enginev1.TranscribeRequest {
	req := e.request(0)
	req.Pcm, req.BeamSize = nil, 0 // takes its time
	for _, w := range e.windows {
		req.Pcm = append(req.Pcm, w.PCM...)
	}
	req.Pcm = req.Pcm[:min(len(req.Pcm), 2*30*sampleRate)]
	return req
}

// inBackground makes a call and delivers its error.
func (e *suite) inBackground(ctx context.Context, req *enginev1.TranscribeRequest) <-chan error {
	ended := make(chan error, 1)
	go func() {
		_, err := e.Transcribe(ctx, req)
		ended <- err
	}()
	return ended
}

// stopsWaitingCall gives up a call that the engine has no slot for: it must not
// get one later.
func stopsWaitingCall(t *testing.T, e *suite) {
	slots := int(e.Info().GetSlots())
	ended := make(chan error, slots)
	for range slots {
		go func() {
			_, err := e.Transcribe(t.Context(), e.request(0))
			ended <- err
		}()
	}
	e.awaitBusy(t, ended, slots)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()

	_, err := e.Transcribe(ctx, e.request(0))

	if !errors.Is(err, engine.ErrTimeout) {
		t.Errorf("waiting call: error %v, want ErrTimeout", err)
	}
	for range slots {
		if err := <-ended; err != nil {
			t.Errorf("a call that had a slot: %v", err)
		}
	}
	if m, err := e.Memory(t.Context()); err != nil || m.Busy != 0 {
		t.Errorf("%d windows are decoded for nobody (%v)", m.Busy, err)
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
