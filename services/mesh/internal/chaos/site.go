package chaos

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// Site is a mesh inside the test whose engine follows a script. It is for faults
// that need no process to die.
type Site struct {
	*meshtest.Mesh
	Engine *Engine
	t      testing.TB
}

// StartSite starts one; args are more flags of `stenomesh up`.
func StartSite(t testing.TB, args ...string) *Site {
	t.Helper()
	engine := NewEngine(t)
	flags := append(engine.Flags(), "-preprocess.workers", strconv.Itoa(meshtest.Workers))
	return &Site{Mesh: meshtest.InProcess(t, append(flags, args...)...), Engine: engine, t: t}
}

// StartReplica runs one service beside a site, with an engine of its own, until
// stop is called or the test ends.
func StartReplica(t testing.TB, service string, args ...string) (engine *Engine, stop func()) {
	t.Helper()
	engine = NewEngine(t)
	args = append(append([]string{"-target", service, "-data", t.TempDir(), "-log-level", "error"}, engine.Flags()...), args...)
	cfg, err := mesh.ParseFlags(args, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- mesh.Run(ctx, cfg, t.Output(), t.Output()) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("%s ended with %v", service, err)
		}
	})
	t.Cleanup(stop)
	return engine, stop
}

// Stored returns how many messages a stream has.
func Stored(t testing.TB, b *bus.Bus, stream string) uint64 {
	t.Helper()
	s, err := b.JS.Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	return s.CachedInfo().State.Msgs
}

// Consumer returns how a durable stands; nil while nobody answers or there is none.
func Consumer(t testing.TB, b *bus.Bus, stream, name string) *jetstream.ConsumerInfo {
	t.Helper()
	consumer, err := b.JS.Consumer(t.Context(), stream, name)
	if err != nil {
		return nil
	}
	return consumer.CachedInfo()
}

// Engine is the scripted engine of one transcriber: it hears the same words each
// time and goes wrong as it is told.
type Engine struct {
	folder string // of its model
	t      testing.TB
}

const model = "ggml-demo-en-ru.bin"

// NewEngine makes a folder of models with the demo model.
func NewEngine(t testing.TB) *Engine {
	t.Helper()
	e := &Engine{folder: t.TempDir(), t: t}
	if err := os.Symlink(filepath.Join(testkit.Root(t), "deploy", "models", model), filepath.Join(e.folder, model)); err != nil {
		t.Fatal(err)
	}
	return e
}

// Flags have a transcriber use it.
func (e *Engine) Flags() []string {
	return []string{
		"-models", e.folder, "-transcriber.engine", testkit.Binary(e.t, "scripted-engine"), "-transcriber.slots", strconv.Itoa(meshtest.Slots),
	}
}

// Script says how the engine behaves from its next window on; see its program.
func (e *Engine) Script(format string, args ...any) {
	e.t.Helper()
	path := filepath.Join(e.folder, model+".script")
	err := os.WriteFile(path+".new", fmt.Appendf(nil, format, args...), 0o600)
	if err == nil {
		err = os.Rename(path+".new", path) // it may be read just now
	}
	if err != nil {
		e.t.Fatal(err)
	}
}

// Fired returns how often a rule of the script with a limit ("times") was carried
// out. Rules are counted from 0.
func (e *Engine) Fired(rule int) int {
	e.t.Helper()
	found, err := filepath.Glob(filepath.Join(e.folder, fmt.Sprintf("%s.script.%d.*", model, rule)))
	if err != nil {
		e.t.Fatal(err)
	}
	return len(found)
}
