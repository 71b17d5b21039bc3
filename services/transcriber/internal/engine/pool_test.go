package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
)

func newPool(t *testing.T, cfg engine.Config) *engine.Pool {
	t.Helper()
	p, err := engine.NewPool(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return p
}

// pooled is a pool's Transcribe beside or without other calls.
func pooled(p *engine.Pool, alone bool) transcriber {
	return func(ctx context.Context, req *enginev1.TranscribeRequest) (*enginev1.TranscribeResponse, error) {
		return p.Transcribe(ctx, req, alone)
	}
}

func TestPool_startsAgainAfterADeath(t *testing.T) {
	t.Parallel()
	p := newPool(t, scripted(t, `{"rules": [{"do": "crash", "trace": "poison"}]}`))
	before, err := p.Transcribe(t.Context(), request("first"), false)
	if err != nil {
		t.Fatal(err)
	}

	_, err = p.Transcribe(t.Context(), request("poison"), false)
	mustDie(t, err, true)

	after, err := p.Transcribe(t.Context(), request("next"), false)
	if err != nil {
		t.Fatal(err)
	}
	before.DecodeMs, after.DecodeMs = 0, 0
	if !proto.Equal(before, after) {
		t.Errorf("before the death %v, after it %v", before, after)
	}
}

func TestPool_doesNotTroubleACallWithADeathBeforeIt(t *testing.T) {
	t.Parallel()
	p := newPool(t, scripted(t, ""))
	if _, err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := p.Running()
	if err := syscall.Kill(first.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-first.Done()

	_, err := p.DetectLanguage(t.Context(), &enginev1.DetectLanguageRequest{
		Pcm: enginetest.Bursts(1, 5), Candidates: []string{"en", "ru"},
	}, false)

	if err != nil {
		t.Fatal(err)
	}
	if p.Running().PID() == first.PID() {
		t.Error("the dead process runs")
	}
}

// TestPool_findsTheGuiltyCallByRunningEachAlone is how the transcriber treats a
// death that several calls shared.
func TestPool_findsTheGuiltyCallByRunningEachAlone(t *testing.T) {
	t.Parallel()
	p := newPool(t, scripted(t, `{"rules": [{"do": "crash", "trace": "poison"}]}`))
	traces := []string{"a", "poison", "b", "c", "d"}
	errs := make([]error, len(traces))
	var wg sync.WaitGroup
	for i, trace := range traces {
		wg.Go(func() { _, errs[i] = p.Transcribe(t.Context(), request(trace), true) })
	}
	wg.Wait()

	for i, trace := range traces {
		if trace == "poison" {
			mustDie(t, errs[i], true)
		} else if errs[i] != nil {
			t.Errorf("innocent call %s: %v", trace, errs[i])
		}
	}
}

func TestPool_letsACallBeAloneThoughOthersKeepComing(t *testing.T) {
	t.Parallel()
	cfg := scripted(t, `{"rules": [{"do": "hang", "trace": "alone", "times": 1}, {"do": "slow", "ms": 20}]}`)
	p := newPool(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				_, _ = p.Transcribe(ctx, request(fmt.Sprint(n)), false) // ends when cancelled
			}
		})
	}
	alone := inBackground(ctx, pooled(p, true), "alone")

	testkit.Eventually(t, "the call is in the engine", func() bool {
		_, err := os.Stat(cfg.Model + ".script.0.0")
		return err == nil
	})

	for range 20 { // the others would fill the other slot again and again
		m, err := p.Running().Memory(t.Context())
		if err != nil || m.Busy != 1 {
			t.Errorf("%d windows are decoded beside a call that is alone (%v)", m.Busy-1, err)
		}
	}
	cancel()
	wg.Wait()
	if err := <-alone; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
}

func TestPool_checksTheModelBeforeEachStart(t *testing.T) {
	t.Parallel()
	cfg := scripted(t, "")
	path, bad := cfg.Model, errors.New("the file is another one")
	var verdict error
	cfg.Model, cfg.Verify = "moved", func(context.Context) (string, error) { return path, verdict }
	p := newPool(t, cfg)
	if _, err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	verdict = bad
	first := p.Running()
	if err := syscall.Kill(first.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-first.Done()

	_, err := p.Transcribe(t.Context(), request(""), false)

	if !errors.Is(err, bad) || p.Running() != nil {
		t.Errorf("error is %v, want that of the check", err)
	}
}

func TestPool_startsOnceHoweverManyAsk(t *testing.T) {
	t.Parallel()
	cfg := scripted(t, "")
	var log enginetest.LogBuffer
	cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	p := newPool(t, cfg)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := p.Start(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}

	wg.Wait()

	if n := strings.Count(log.String(), "engine is ready"); n != 1 {
		t.Errorf("%d processes were started", n)
	}
}

func TestPool_triesAgainAfterAFailedStart(t *testing.T) {
	t.Parallel()
	cfg := scripted(t, `{"load": "fail"}`)
	p := newPool(t, cfg)
	for range 3 {
		var failed *engine.StartError
		if _, err := p.Transcribe(t.Context(), request(""), false); !errors.As(err, &failed) {
			t.Fatalf("error is %v, want a StartError", err)
		}
	}

	enginetest.SetScript(t, cfg.Model, `{}`)

	if _, err := p.Transcribe(t.Context(), request(""), false); err != nil {
		t.Error(err)
	}
}

func TestPool_closesThoughAStartHangs(t *testing.T) {
	t.Parallel()
	p := newPool(t, scripted(t, `{"load": "hang"}`))
	ctx, cancel := context.WithCancel(t.Context())
	impatient := inBackground(ctx, pooled(p, false), "impatient")
	patient := inBackground(t.Context(), pooled(p, false), "patient")

	cancel()
	if err := <-impatient; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}

	if err := <-patient; !errors.Is(err, engine.ErrClosed) {
		t.Errorf("error is %v, want ErrClosed", err)
	}
	if _, err := p.Start(t.Context()); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("start after Close: %v, want ErrClosed", err)
	}
}

func TestPool_givesCallsBackWhenItCloses(t *testing.T) {
	t.Parallel()
	p := newPool(t, scripted(t, `{"rules": [{"do": "hang"}]}`))
	if _, err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	running := inBackground(t.Context(), pooled(p, false), "running")
	awaitBusy(t, p.Running(), 1)
	waiting := inBackground(t.Context(), pooled(p, true), "waiting for all slots")

	if err := p.Close(); err != nil {
		t.Error(err)
	}

	for _, ended := range []<-chan error{running, waiting} {
		if err := <-ended; !errors.Is(err, engine.ErrClosed) {
			t.Errorf("error is %v, want ErrClosed", err)
		}
	}
}
