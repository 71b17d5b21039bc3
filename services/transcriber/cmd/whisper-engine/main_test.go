//go:build whisper

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engineproc"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/whisper"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/whisper/whispertest"
)

func TestEngine_servesTheContract(t *testing.T) {
	t.Parallel()
	e := startDemo(t, "-slots", "2")
	s := whispertest.Load(t, "ru-05")

	info, err := e.GetInfo(t.Context(), &enginev1.GetInfoRequest{})
	if err != nil {
		t.Fatal(err)
	}
	said, err := e.Transcribe(t.Context(), request(s))
	if err != nil {
		t.Fatal(err)
	}
	languages, err := e.DetectLanguage(t.Context(), &enginev1.DetectLanguageRequest{Pcm: s.PCM, Candidates: []string{"en", "ru"}})
	if err != nil {
		t.Fatal(err)
	}
	memory, err := e.GetMemory(t.Context(), &enginev1.GetMemoryRequest{})
	if err != nil {
		t.Fatal(err)
	}

	if !strings.HasPrefix(info.GetEngine(), "whisper.cpp 1.") || info.GetSlots() != 2 || info.GetGpu() ||
		info.GetDevice() == "" || len(info.GetDevices()) == 0 || !slices.Contains(info.GetLanguages(), "ru") {
		t.Errorf("info is %v", info)
	}
	if rate := s.WordErrorRate(textOf(said)); rate > 0.05 || said.GetDecodeMs() <= 0 {
		t.Errorf("word error rate %.3f: %v", rate, said)
	}
	if list := languages.GetLanguages(); len(list) != 2 || list[0].GetLanguage() != "ru" {
		t.Errorf("languages are %v, want ru first", list)
	}
	if memory.GetResidentBytes() < 8<<20 {
		t.Errorf("%d bytes resident is less than the model", memory.GetResidentBytes())
	}
}

func TestEngine_queuesMoreWindowsThanSlots(t *testing.T) {
	t.Parallel()
	e := startDemo(t, "-slots", "1")
	s := whispertest.Load(t, "en-01")

	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			if said, err := e.Transcribe(t.Context(), request(s)); err != nil || s.WordErrorRate(textOf(said)) > 0 {
				t.Errorf("%v, %v; want %q", said, err, s.Text)
			}
		})
	}
	group.Wait()
}

func TestEngine_answersBadCallsWithTheRightStatus(t *testing.T) {
	t.Parallel()
	e := startDemo(t)
	second := make([]byte, 32000)
	transcribe := func(ctx context.Context, r *enginev1.TranscribeRequest) error {
		_, err := e.Transcribe(ctx, r)
		return err
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	late, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := transcribe(t.Context(), &enginev1.TranscribeRequest{Pcm: second, Language: "en"}); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name string
		err  error
		want codes.Code
	}{
		{"too short", transcribe(t.Context(), &enginev1.TranscribeRequest{Pcm: second[:3198], Language: "en"}), codes.InvalidArgument},
		{"too long", transcribe(t.Context(), &enginev1.TranscribeRequest{Pcm: make([]byte, 960002), Language: "en"}), codes.InvalidArgument},
		{"half a sample", transcribe(t.Context(), &enginev1.TranscribeRequest{Pcm: second[:31999], Language: "en"}), codes.InvalidArgument},
		{"no language", transcribe(t.Context(), &enginev1.TranscribeRequest{Pcm: second}), codes.InvalidArgument},
		{"hot", transcribe(t.Context(), &enginev1.TranscribeRequest{Pcm: second, Language: "en", Temperature: 2}), codes.InvalidArgument},
		{"wide", transcribe(t.Context(), &enginev1.TranscribeRequest{Pcm: second, Language: "en", BeamSize: 1<<32 - 1}), codes.InvalidArgument},
		{"message too big", transcribe(t.Context(), &enginev1.TranscribeRequest{Pcm: make([]byte, engineproc.MaxMessage), Language: "en"}), codes.ResourceExhausted},
		{"cancelled", transcribe(gone, &enginev1.TranscribeRequest{Pcm: second, Language: "en"}), codes.Canceled},
		{"too late", transcribe(late, &enginev1.TranscribeRequest{Pcm: make([]byte, 960000), Language: "en"}), codes.DeadlineExceeded},
	}
	for _, c := range cases {
		if status.Code(c.err) != c.want {
			t.Errorf("%s: %v, want %v", c.name, c.err, c.want)
		}
	}
}

func TestEngine_endsWhenItsParentDoes(t *testing.T) {
	t.Parallel()
	e := startDemo(t)
	s := whispertest.Load(t, "ru-11")
	if _, err := e.GetInfo(t.Context(), &enginev1.GetInfoRequest{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _, _ = e.Transcribe(ctx, request(s)) }() // a window in work must not hold it up

	if err := e.stdin.Close(); err != nil {
		t.Fatal(err)
	}

	if code := e.exitCode(t); code != 0 {
		t.Errorf("exit code %d, want 0; stderr: %s", code, e.stderr)
	}
	if _, err := os.Stat(e.socket); !os.IsNotExist(err) {
		t.Errorf("the socket is left behind: %v", err)
	}
}

func TestExitCode_tellsLackOfMemoryFromABadModel(t *testing.T) {
	t.Parallel()
	for want, err := range map[int]error{
		0:                     nil,
		1:                     errors.New("serve: no space left on device"),
		engineproc.ExitModel:  fmt.Errorf("%w: %w", errLoad, whisper.ErrEngine),
		engineproc.ExitMemory: fmt.Errorf("%w: %w", errLoad, whisper.ErrOutOfMemory),
	} {
		if got := exitCode(err); got != want {
			t.Errorf("exit code of %v is %d, want %d", err, got, want)
		}
	}
}

func TestEngine_tellsWhyItCannotStart(t *testing.T) {
	t.Parallel()
	text := filepath.Join(t.TempDir(), "text.bin")
	if err := os.WriteFile(text, []byte("this is no model"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name  string
		flags []string
		code  int
		line  string
	}{
		{"no model", nil, 2, "-model is missing"},
		{"unknown flag", []string{"-model", text, "-speed"}, 2, "-speed"},
		{"no slots", []string{"-model", text, "-slots", "0"}, 2, "-slots must be 1 to 256"},
		{"arguments", []string{"-model", text, "more"}, 2, "no arguments"},
		{"file missing", []string{"-model", text + ".none"}, 3, "cannot load the model"},
		{"not a model", []string{"-model", text}, 3, "cannot load the model"},
		{"no backends", []string{"-model", text, "-backends", t.TempDir() + "/none"}, 3, "cannot load the model"},
		{"socket cannot be made", []string{"-model", text, "-socket", "/proc/none/s"}, 1, "serve /proc/none/s"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := launch(t, c.flags...)

			if code := e.exitCode(t); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			if !strings.Contains(e.stderr.String(), c.line) {
				t.Errorf("stderr does not say %q: %s", c.line, e.stderr)
			}
		})
	}
}

// oneState is what a state of the demonstration model takes before it is used.
const oneState = 11 << 20

func TestEngine_memoryDoesNotGrow(t *testing.T) {
	t.Parallel()
	e := startDemo(t, "-slots", "1")
	s := whispertest.Load(t, "en-01")
	transcribe := func(calls int) {
		for i := range calls {
			r := request(s)
			r.FreshState, r.BeamSize = i%2 == 0, 1
			if _, err := e.Transcribe(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
	}
	resident := func() uint64 {
		m, err := e.GetMemory(t.Context(), &enginev1.GetMemoryRequest{})
		if err != nil {
			t.Fatal(err)
		}
		return m.GetResidentBytes()
	}

	transcribe(4)
	before := resident()
	transcribe(16) // 8 of them make a new state
	after := resident()

	if after > before+oneState {
		t.Errorf("resident memory grew from %d to %d MiB over 16 calls", before>>20, after>>20)
	}
	t.Logf("resident memory %d KiB after 4 calls, %d KiB after 20", before>>10, after>>10)
}
