// Package engine runs the programs that recognise speech and keeps the rest of
// the transcriber safe from them.
//
// An engine (whisper-engine, or the scripted one of the tests) is a child process
// that holds one loaded model and speaks engine/v1 on a unix socket. Process is
// one such child: started, asked, watched and killed. Pool is one model's engine
// over time: it starts a new Process when the last one died, and lends its slots.
// Package models above it decides which models have a Pool. All of it needs Linux,
// which ends children with their parents and tells in /proc what they use.
//
// What happens to a call is told by its error, and CountsAsAttempt says what that
// means for the chunk: the engine refused it (ErrRefused), failed on it
// (ErrFailed), ran out of memory (ErrOutOfMemory), or died under it (*DiedError,
// which says whether the call was alone in the process).
package engine

import (
	"context"
	"errors"
	"log/slog"
	"time"

	enginev1 "github.com/stenomesh/stenomesh/proto/engine/v1"
)

// Config says which program to run and how to treat it.
type Config struct {
	Binary  string // path of the engine program
	Model   string // path of the model file
	Slots   int    // windows decoded side by side, at least 1
	Threads int    // threads for each slot, at least 1
	GPU     bool   // use a GPU where there is one
	RunDir  string // folder for the socket, see PrepareRunDir; empty or too long for one: the system's temporary one

	LoadTimeout    time.Duration // from start to ready; 0: 5 minutes
	CancelGrace    time.Duration // from cancelling a call to killing a process that goes on with it; 0: 5 s
	SharedGrace    time.Duration // the same while other calls are in the process; 0: 6 minutes
	StopGrace      time.Duration // from Close to killing the process; 0: 5 s
	MemoryLimit    int64         // resident bytes over which the process is killed; 0: none
	MemoryInterval time.Duration // how often that is looked at; 0: 250 ms
	MinBackoff     time.Duration // wait after a failed start, doubled each time; 0: 250 ms
	MaxBackoff     time.Duration // 0: 30 s

	// Verify checks the model file before each start and tells where it lies; nil
	// for Model as it is.
	Verify func(ctx context.Context) (path string, err error)

	// Ready, if set, is told the load report of each process that has started.
	Ready func(*enginev1.GetInfoResponse)

	Log *slog.Logger
}

// withDefaults fills in what is zero and checks the rest.
func (c Config) withDefaults() (Config, error) {
	if c.Binary == "" || c.Model == "" {
		return c, errors.New("engine: binary and model are required")
	}
	if c.Slots < 1 || c.Threads < 1 {
		return c, errors.New("engine: slots and threads must be at least 1")
	}
	setDefault(&c.LoadTimeout, 5*time.Minute)
	setDefault(&c.CancelGrace, 5*time.Second)
	setDefault(&c.SharedGrace, 6*time.Minute)
	setDefault(&c.StopGrace, 5*time.Second)
	setDefault(&c.MemoryInterval, 250*time.Millisecond)
	setDefault(&c.MinBackoff, 250*time.Millisecond)
	setDefault(&c.MaxBackoff, 30*time.Second)
	if c.Ready == nil {
		c.Ready = func(*enginev1.GetInfoResponse) {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}
