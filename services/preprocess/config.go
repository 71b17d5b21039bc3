package preprocess

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Config is what an operator may set.
type Config struct {
	Workers      int           // recordings prepared at once
	Scratch      string        // folder for decoded recordings: 2 MB for each minute
	MaxRecording time.Duration // longest recording that is taken
	MaxDecode    time.Duration // longest time that the decode of one may take
	Grace        time.Duration // how long tasks in hand may go on when the process is to stop; 0: they are given back at once
}

// DefaultConfig prepares as many recordings at once as half the processors can
// decode; the other half measures.
func DefaultConfig() Config {
	return Config{
		Workers:      max(1, runtime.NumCPU()/2),
		Scratch:      filepath.Join(os.TempDir(), "stenomesh-preprocess"),
		MaxRecording: 24 * time.Hour,
		MaxDecode:    2 * time.Hour,
	}
}

// RegisterFlags declares the settings as flags.
func (c *Config) RegisterFlags(flags *flag.FlagSet) {
	flags.IntVar(&c.Workers, "preprocess.workers", c.Workers, "recordings prepared at once")
	flags.StringVar(&c.Scratch, "preprocess.scratch", c.Scratch, "folder for decoded recordings, 2 MB for each minute of them")
	flags.DurationVar(&c.MaxRecording, "preprocess.max-recording", c.MaxRecording, "longest recording that is taken")
	flags.DurationVar(&c.MaxDecode, "preprocess.max-decode", c.MaxDecode, "longest time that the decode of a recording may take")
	flags.DurationVar(&c.Grace, "preprocess.grace", c.Grace, "how long tasks in hand may go on when the process is to stop; 0: others get them at once")
}

func (c *Config) check() error {
	switch {
	case c.Workers < 1:
		return errors.New("there must be a worker")
	case c.Scratch == "":
		return errors.New("there must be a scratch folder")
	case c.MaxRecording <= 0 || c.MaxDecode <= 0:
		return errors.New("the limits must be above zero")
	}
	return nil
}
