package transcriber

import (
	"flag"
	"testing"
	"time"
)

func TestConfig_boundsWhatAnEngineMayTake(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	cfg.RegisterFlags(flags)
	args := []string{"-transcriber.slots", "1", "-transcriber.max-memory-bytes", "3000", "-transcriber.limit", "20s", "-transcriber.limit-factor", "2"}
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}

	got := cfg.engine()

	if got.MemoryLimit != 3000 {
		t.Errorf("an engine may take %d bytes", got.MemoryLimit)
	}
	if got.SharedGrace != 80*time.Second {
		t.Errorf("%v for a cancelled call beside others, want the limit of a window of 30 s", got.SharedGrace)
	}
}
