package transcriber

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/engine"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/worker"
)

// engineProgram is the engine's file name.
const engineProgram = "whisper-engine"

// Config is what an operator may set.
type Config struct {
	Slots     int           // windows decoded at once for each loaded model, and chunks at work; 0: as many as cores
	Cores     int           // processor cores to share among the slots
	ModelDirs string        // folders with model files, separated as in PATH; the first one goes first
	Engine    string        // path of the engine program; empty: beside this program
	RunDir    string        // folder for the sockets of engines; empty or too long for one: the system's temporary one
	MaxModels int           // models in memory at once
	MaxMemory int64         // resident bytes of one engine over which it is killed; 0: no limit
	GPU       bool          // use a GPU where the engine finds one
	ExpectGPU bool          // not ready while the engine has none
	Limit     worker.Limit  // longest time for one window
	Grace     time.Duration // how long tasks in hand may go on when the process is to stop; 0: they are given back at once
}

// DefaultConfig uses all cores, each for one slot: for a small model threads
// cost more than they give.
func DefaultConfig() Config {
	return Config{
		Cores:     runtime.NumCPU(),
		ModelDirs: strings.Join([]string{filepath.Join("var", "models"), filepath.Join("deploy", "models")}, string(filepath.ListSeparator)),
		MaxModels: 2,
		GPU:       true,
		Limit:     worker.DefaultLimit(),
	}
}

// RegisterFlags declares the settings as flags.
func (c *Config) RegisterFlags(flags *flag.FlagSet) {
	flags.IntVar(&c.Slots, "transcriber.slots", c.Slots, "chunks transcribed at once; 0 for as many as cores")
	flags.IntVar(&c.Cores, "transcriber.cores", c.Cores, "processor cores to share among the slots")
	flags.StringVar(&c.Engine, "transcriber.engine", c.Engine, "path of the engine program; empty for the one beside this program")
	flags.StringVar(&c.RunDir, "transcriber.run-dir", c.RunDir, "folder for the sockets of engines; empty for one below the data folder")
	flags.IntVar(&c.MaxModels, "transcriber.max-models", c.MaxModels, "models in memory at once")
	flags.Int64Var(&c.MaxMemory, "transcriber.max-memory-bytes", c.MaxMemory, "memory that the engine of one model may take before it is killed; 0 for no limit")
	flags.BoolVar(&c.GPU, "transcriber.gpu", c.GPU, "use a GPU where there is one")
	flags.BoolVar(&c.ExpectGPU, "transcriber.expect-gpu", c.ExpectGPU, "not ready while the engine runs without a GPU; tasks are done all the same")
	flags.DurationVar(&c.Limit.Base, "transcriber.limit", c.Limit.Base, "longest time for one window, and limit-factor times its length on top")
	flags.Float64Var(&c.Limit.Factor, "transcriber.limit-factor", c.Limit.Factor, "times the length of a window that are added to its limit")
	flags.DurationVar(&c.Grace, "transcriber.grace", c.Grace, "how long tasks in hand may go on when the process is to stop; 0: others get them at once")
}

// complete fills in what depends on the machine and checks the rest.
func (c Config) complete() (Config, error) {
	if c.Slots == 0 {
		c.Slots = c.Cores
	}
	switch {
	case c.Slots < 1 || c.Cores < 1:
		return c, errors.New("there must be a slot and a core")
	case c.MaxModels < 1:
		return c, errors.New("there must be room for a model")
	case c.MaxMemory < 0:
		return c, errors.New("the memory of an engine cannot be below zero")
	case c.Limit.Base <= 0 || c.Limit.Factor < 0:
		return c, errors.New("the limit of a window must be above zero")
	case c.ExpectGPU && !c.GPU:
		return c, errors.New("a GPU is expected that is not to be used")
	case len(c.modelDirs()) == 0:
		return c, errors.New("there must be a folder for models")
	}
	return c, c.findEngine()
}

func (c *Config) findEngine() error {
	if c.Engine == "" {
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find the engine: %w", err)
		}
		c.Engine = filepath.Join(filepath.Dir(self), engineProgram)
	}
	if _, err := os.Stat(c.Engine); err != nil {
		return fmt.Errorf("there is no engine (make build makes it, -transcriber.engine tells where it is): %w", err)
	}
	return nil
}

func (c Config) modelDirs() []string { return filepath.SplitList(c.ModelDirs) }

// engine is how a model is run.
func (c Config) engine() engine.Config {
	return engine.Config{
		Binary: c.Engine, Slots: c.Slots, Threads: max(1, c.Cores/c.Slots), GPU: c.GPU, RunDir: c.RunDir,
		MemoryLimit: c.MaxMemory, SharedGrace: c.longest(),
	}
}

// longest is how long a call may take, that of the longest window: what an engine
// does at a stretch, after a call was cancelled, takes less.
func (c Config) longest() time.Duration {
	const window = 30 * time.Second
	return c.Limit.Base + time.Duration(c.Limit.Factor*float64(window))
}
