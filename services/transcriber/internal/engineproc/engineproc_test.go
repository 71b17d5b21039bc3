package engineproc_test

import (
	"os"
	"runtime"
	"testing"

	"github.com/stenomesh/stenomesh/services/transcriber/internal/engineproc"
)

func TestResidentBytes_countsWhatWasWrittenTo(t *testing.T) {
	t.Parallel()
	before := resident(t)
	ballast := make([]byte, 64<<20)
	for i := 0; i < len(ballast); i += os.Getpagesize() {
		ballast[i] = 1
	}

	after := resident(t)

	if grown := after - before; grown < 48<<20 || grown > 1<<30 {
		t.Errorf("64 MiB more make %d bytes", grown)
	}
	runtime.KeepAlive(ballast)
}

func TestResidentBytes_tellsThatAProcessIsGone(t *testing.T) {
	t.Parallel()

	if n, err := engineproc.ResidentBytes(1 << 30); err == nil {
		t.Errorf("a process that cannot be has %d bytes", n)
	}
}

func resident(t *testing.T) int64 {
	t.Helper()
	n, err := engineproc.ResidentBytes(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	return n
}
