package dispatcher

import (
	"errors"
	"flag"
	"time"
)

// Config is what an operator may set.
type Config struct {
	PerUser   int           // most tasks of one user in a lane that are queued or at work, 0 for no limit
	Ahead     time.Duration // most audio that is prepared and not transcribed yet, 0 for no limit
	Finishers int           // jobs completed at once
	Tick      time.Duration // how often the scheduler looks for new workers
	Reconcile time.Duration // how often all unfinished jobs are walked
	Relist    time.Duration // how often the job feed is read from its start
	Sweep     time.Duration // how often leftovers are looked for
	Confirm   time.Duration // how often history is asked which records may go
	Grace     time.Duration // how long the record of a finished job stays while there is room
	FileGrace time.Duration // how long a recording stays that nothing refers to
	Erase     time.Duration // how often users who are to be erased are gone over
	Settle    time.Duration // how long after the last record of an erased user went its work may still leave something
}

// DefaultConfig returns settings that fit a laptop and a mesh alike.
func DefaultConfig() Config {
	return Config{
		Ahead:     4 * time.Hour,
		Finishers: 2,
		Tick:      500 * time.Millisecond,
		Reconcile: 30 * time.Second,
		Relist:    time.Hour,
		Sweep:     5 * time.Minute,
		Confirm:   time.Minute,
		Grace:     24 * time.Hour,
		FileGrace: 10 * time.Minute,
		Erase:     10 * time.Second,
		Settle:    time.Minute,
	}
}

// RegisterFlags declares the settings as flags.
func (c *Config) RegisterFlags(flags *flag.FlagSet) {
	flags.IntVar(&c.PerUser, "dispatcher.per-user", c.PerUser,
		"most tasks of one user that are queued or at work in a lane (preparing, or one model), by each dispatcher's own count; 0 for no limit")
	flags.DurationVar(&c.Ahead, "dispatcher.ahead", c.Ahead,
		"most audio that is prepared and not transcribed yet, 115 MB an hour on the disk; one job of each user and priority goes beyond it; 0 for no limit")
	flags.IntVar(&c.Finishers, "dispatcher.finishers", c.Finishers, "jobs whose transcripts are put together at once")
	flags.DurationVar(&c.Tick, "dispatcher.tick", c.Tick, "how often the scheduler looks for new workers")
	flags.DurationVar(&c.Reconcile, "dispatcher.reconcile", c.Reconcile, "how often all unfinished jobs are checked for lost work")
	flags.DurationVar(&c.Relist, "dispatcher.relist", c.Relist, "how often the job feed is read from its start")
	flags.DurationVar(&c.Sweep, "dispatcher.sweep", c.Sweep, "how often leftovers are looked for")
	flags.DurationVar(&c.Confirm, "dispatcher.confirm", c.Confirm, "how often history is asked which records may be purged")
	flags.DurationVar(&c.Grace, "dispatcher.grace", c.Grace, "how long the record of a finished job stays on the bus while its bucket is not crowded")
	flags.DurationVar(&c.Erase, "dispatcher.erase", c.Erase, "how often users who are to be erased are gone over until nothing is left of them")
	flags.DurationVar(&c.Settle, "dispatcher.settle", c.Settle,
		"how long after the last job of an erased user went, its work may still leave something; above the lease of a task (20s)")
	flags.DurationVar(&c.FileGrace, "dispatcher.file-grace", c.FileGrace, "how long a recording stays that nothing refers to")
}

func (c *Config) check() error {
	if c.Finishers < 1 {
		return errors.New("there must be a finisher")
	}
	if c.PerUser < 0 || c.Ahead < 0 {
		return errors.New("limits must not be below zero")
	}
	for _, every := range []time.Duration{c.Tick, c.Reconcile, c.Relist, c.Sweep, c.Confirm, c.Erase} {
		if every <= 0 {
			return errors.New("intervals must be above zero")
		}
	}
	return nil
}
