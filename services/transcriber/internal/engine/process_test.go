package engine_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
)

// mustDie checks for a death that is, or is not, charged to the call.
func mustDie(t *testing.T, err error, alone bool) {
	t.Helper()
	var died *engine.DiedError
	if !errors.As(err, &died) || !errors.Is(err, engine.ErrDied) || died.Alone != alone {
		t.Fatalf("error is %v, want a death with alone %t", err, alone)
	}
	if want := alone && !errors.Is(err, engine.ErrKilled); engine.CountsAsAttempt(err) != want {
		t.Errorf("counts as attempt: %t", !want)
	}
}

func TestProcess_blamesTheCallThatWasAloneWhenItDied(t *testing.T) {
	t.Parallel()
	p := start(t, scripted(t, `{"rules": [{"do": "crash", "call": 2}]}`))
	if _, err := p.Transcribe(t.Context(), request("")); err != nil {
		t.Fatal(err)
	}

	_, err := p.Transcribe(t.Context(), request(""))

	mustDie(t, err, true)
	<-p.Done()
}

func TestProcess_blamesNobodyWhenSeveralCallsWereInIt(t *testing.T) {
	t.Parallel()
	p := start(t, scripted(t, `{"rules": [{"do": "hang", "trace": "innocent"}, {"do": "crash", "trace": "guilty"}]}`))
	innocent := inBackground(t.Context(), p.Transcribe, "innocent")
	awaitBusy(t, p, 1)

	_, err := p.Transcribe(t.Context(), request("guilty"))

	mustDie(t, err, false)
	mustDie(t, <-innocent, false)
}

func TestProcess_isMissedWhenItIsKilledFromOutside(t *testing.T) {
	t.Parallel()
	p := start(t, scripted(t, `{"rules": [{"do": "hang"}]}`))
	ended := inBackground(t.Context(), p.Transcribe, "")
	awaitBusy(t, p, 1)

	if err := syscall.Kill(p.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}

	mustDie(t, <-ended, true)
	<-p.Done()
	_, err := p.Transcribe(t.Context(), request(""))
	mustDie(t, err, false) // it never got in
}

func TestProcess_isMissedWhenItIsAskedToEndFromOutside(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		cfg := scripted(t, "")
		cfg.Binary, cfg.Model = enginetest.Whisper(t), enginetest.DemoModel(t)
		p := start(t, cfg)

		if err := syscall.Kill(p.PID(), signal); err != nil {
			t.Fatal(err)
		}

		<-p.Done()
		if err := p.Err(); !errors.Is(err, engine.ErrKilled) {
			t.Errorf("%v: error is %v, want ErrKilled", signal, err)
		}
	}
}

func TestProcess_returnsTheEnginesErrorAndLivesOn(t *testing.T) {
	t.Parallel()
	p := start(t, scripted(t, `{"rules": [{"do": "error", "call": 1}]}`))

	_, err := p.Transcribe(t.Context(), request(""))

	if !errors.Is(err, engine.ErrFailed) || !engine.CountsAsAttempt(err) {
		t.Errorf("error is %v, want ErrFailed", err)
	}
	if _, err := p.Transcribe(t.Context(), request("")); err != nil {
		t.Errorf("the next call: %v", err)
	}
}

// A large model looks whether it is cancelled less often than CancelGrace.
func TestProcess_sparesOtherCallsFromOneThatStopsLate(t *testing.T) {
	t.Parallel()
	cfg := scripted(t, `{"rules": [{"do": "deaf", "trace": "late"}, {"do": "slow", "ms": 500}]}`)
	cfg.CancelGrace = time.Millisecond
	p := start(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	late := inBackground(ctx, p.Transcribe, "late")
	bystander := inBackground(t.Context(), p.Transcribe, "bystander")
	awaitBusy(t, p, 2)

	cancel()

	if err := <-bystander; err != nil {
		t.Errorf("a call beside a cancelled one: %v", err)
	}
	<-p.Done() // once nobody else is in it
	if err := <-late; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled call: error is %v, want context.Canceled", err)
	}
}

func TestProcess_isKilledWhenItGoesOnWithACancelledCall(t *testing.T) {
	t.Parallel()
	cfg := scripted(t, `{"rules": [{"do": "deaf", "trace": "deaf"}, {"do": "hang"}]}`)
	cfg.CancelGrace, cfg.SharedGrace = time.Millisecond, 50*time.Millisecond
	p := start(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	deaf := inBackground(ctx, p.Transcribe, "deaf")
	bystander := inBackground(t.Context(), p.Transcribe, "bystander")
	awaitBusy(t, p, 2)

	cancel()

	if err := <-deaf; !errors.Is(err, context.Canceled) || engine.CountsAsAttempt(err) {
		t.Errorf("cancelled call: error is %v, want context.Canceled", err)
	}
	mustDie(t, <-bystander, false)
	<-p.Done()
}

func TestProcess_isKilledWhenItDoesNotAnswerInTime(t *testing.T) {
	t.Parallel()
	cfg := scripted(t, `{"rules": [{"do": "deaf"}]}`)
	cfg.CancelGrace = 50 * time.Millisecond
	p := start(t, cfg)

	for p.Err() == nil { // on a slow machine a deadline may pass before the call is there
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := p.Transcribe(ctx, request(""))
		cancel()
		if !errors.Is(err, engine.ErrTimeout) || !engine.CountsAsAttempt(err) {
			t.Fatalf("error is %v, want ErrTimeout", err)
		}
	}

	<-p.Done()
}

func TestProcess_isReplacedWhenItReportsLackOfMemory(t *testing.T) {
	t.Parallel()
	p := start(t, scripted(t, `{"rules": [{"do": "memory", "trace": "big"}, {"do": "hang"}]}`))
	bystander := inBackground(t.Context(), p.Transcribe, "bystander")
	awaitBusy(t, p, 1)

	_, err := p.Transcribe(t.Context(), request("big"))

	if !errors.Is(err, engine.ErrOutOfMemory) || !engine.CountsAsAttempt(err) {
		t.Errorf("error is %v, want ErrOutOfMemory", err)
	}
	mustDie(t, <-bystander, false)
	<-p.Done()
}

func TestProcess_isKilledWhenItGrowsOverItsLimit(t *testing.T) {
	t.Parallel()
	cfg := scripted(t, `{"rules": [{"do": "bloat", "mb": 200}]}`)
	cfg.MemoryLimit, cfg.MemoryInterval = 150<<20, time.Millisecond
	p := start(t, cfg)

	_, err := p.Transcribe(t.Context(), request(""))

	mustDie(t, err, true)
	if !errors.Is(err, engine.ErrOutOfMemory) {
		t.Errorf("error is %v, want ErrOutOfMemory in its chain", err)
	}
}

func TestProcess_givesCallsBackWhenItIsClosed(t *testing.T) {
	t.Parallel()
	p := start(t, scripted(t, `{"rules": [{"do": "hang"}]}`))
	ended := inBackground(t.Context(), p.Transcribe, "")
	awaitBusy(t, p, 1)

	if err := p.Close(); err != nil {
		t.Errorf("close: %v", err)
	}

	if err := <-ended; !errors.Is(err, engine.ErrClosed) || engine.CountsAsAttempt(err) {
		t.Errorf("call in it: error is %v, want ErrClosed", err)
	}
	if _, err := p.Transcribe(t.Context(), request("")); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("call after it: error is %v, want ErrClosed", err)
	}
	if err := p.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

func TestProcess_isEndedByForceWhenItDoesNotClose(t *testing.T) {
	t.Parallel()
	cfg := scripted(t, "")
	cfg.StopGrace = 50 * time.Millisecond
	p := start(t, cfg)
	if err := syscall.Kill(p.PID(), syscall.SIGSTOP); err != nil { // it cannot see its pipe close
		t.Fatal(err)
	}
	testkit.Eventually(t, "every thread of it has stopped", func() bool { return stopped(p.PID()) })

	if err := p.Close(); err == nil {
		t.Error("Close does not tell that force was needed")
	}

	<-p.Done()
}

// stopped reports whether all threads of a process are in the state T: the signal
// that stops it is seen by one after the other.
func stopped(pid int) bool {
	stats, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/stat")
	for _, stat := range stats {
		data, readErr := os.ReadFile(stat)
		if readErr != nil || !strings.Contains(string(data), ") T ") {
			return false
		}
	}
	return err == nil && len(stats) > 0
}

func TestProcess_keepsNoFilesOnceItIsReady(t *testing.T) {
	t.Parallel()
	cfg := scripted(t, "")
	cfg.RunDir = filepath.Join(cfg.RunDir, strings.Repeat("long", 30)) // too long for a socket, and missing

	start(t, cfg)

	short := scripted(t, "")
	start(t, short)
	if left, err := os.ReadDir(short.RunDir); err != nil || len(left) != 0 {
		t.Errorf("run folder holds %v (%v)", left, err)
	}
}

func TestProcess_endsWhenItsParentIsKilled(t *testing.T) {
	t.Parallel()
	cfg := scripted(t, "")
	parent := parent(t, cfg)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("the parent said %q", line)
	}

	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}

	_ = parent.Wait() // it was killed
	testkit.Eventually(t, "the engine has ended too", func() bool { return !alive(t, pid) })
}

// alive reports whether a process runs; a zombie that init has not reaped does not.
func alive(t *testing.T, pid int) bool {
	t.Helper()
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}
