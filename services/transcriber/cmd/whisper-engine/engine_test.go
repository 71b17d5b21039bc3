//go:build whisper

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/engineproc"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/whisper/whispertest"
)

// asEngine in the environment makes this test program behave as the engine, so
// that the tests start the real thing without building it first.
const asEngine = "STENOMESH_TEST_AS_ENGINE"

func TestMain(m *testing.M) {
	if os.Getenv(asEngine) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// engine is one running child process.
type engine struct {
	enginev1.EngineServiceClient
	stdin  io.Closer
	stderr *bytes.Buffer
	socket string
	ended  chan error // the result of Wait
}

// launch runs the engine with the given flags behind -socket.
func launch(t *testing.T, flags ...string) *engine {
	t.Helper()
	folder, err := os.MkdirTemp("", "engine") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	e := &engine{socket: filepath.Join(folder, "s"), stderr: &bytes.Buffer{}, ended: make(chan error, 1)}

	command := exec.Command(os.Args[0], append([]string{"-socket", e.socket}, flags...)...)
	command.Env = append(os.Environ(), asEngine+"=1")
	command.Stderr = e.stderr
	if e.stdin, err = command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill() })
	go func() { e.ended <- command.Wait() }()
	e.dial(t)
	return e
}

// startDemo runs the engine with the demonstration model.
func startDemo(t *testing.T, flags ...string) *engine {
	t.Helper()
	return launch(t, append([]string{"-model", whispertest.ModelPath(t), "-threads", "1", "-gpu=false"}, flags...)...)
}

func (e *engine) dial(t *testing.T) {
	t.Helper()
	connection, err := grpc.NewClient("unix:"+e.socket,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true), grpc.MaxCallSendMsgSize(2*engineproc.MaxMessage)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	e.EngineServiceClient = enginev1.NewEngineServiceClient(connection)
}

// exitCode waits for the process to end.
func (e *engine) exitCode(t *testing.T) int {
	t.Helper()
	err := <-e.ended
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	default:
		t.Fatalf("wait for the engine: %v", err)
		return 0
	}
}

func request(s whispertest.Sample) *enginev1.TranscribeRequest {
	return &enginev1.TranscribeRequest{Pcm: s.PCM, Language: s.Language, TraceId: s.Name}
}

func textOf(r *enginev1.TranscribeResponse) string {
	var texts []string
	for _, s := range r.GetSegments() {
		texts = append(texts, s.GetText())
	}
	return strings.Join(texts, " ")
}
