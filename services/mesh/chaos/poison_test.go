//go:build chaos

package chaos_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/work"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// Three recordings are poison for the engine: one crashes it, one makes it hang, one
// makes it take memory without end. Each is tried three times at most, fails its job
// with a code and is kept as a dead letter where trying again was of use; the jobs
// of everybody else are completed beside them.
func TestF19_recordingsThatKillTheEngine(t *testing.T) {
	t.Parallel()
	site := chaos.StartSite(t, "-transcriber.limit", "2s", "-transcriber.limit-factor", "0", "-transcriber.max-memory-bytes", "200000000")
	batch := chaos.NewBatch(t, site)
	bob, file := chaos.SecondUser(t, site)
	hold(t, site.Bus, bus.ConsumerASR("demo"))
	crashes, hangs, bloats := chaos.Create(t, bob, file), chaos.Create(t, bob, file), chaos.Create(t, bob, file)
	site.Engine.Script(`{"rules": [
		{"do": "crash", "trace": %q, "times": 100},
		{"do": "hang",  "trace": %q, "times": 100},
		{"do": "bloat", "trace": %q, "times": 100, "mb": 400}]}`, crashes, hangs, bloats)
	batch.Fault("a recording that crashes the engine", poisoned)
	batch.Fault("a recording that hangs the engine", poisoned)
	batch.Fault("a recording that takes all memory", poisoned)

	batch.Create(6)
	letGo(t, site.Bus, bus.ConsumerASR("demo"))

	for name, c := range map[string]struct {
		id, code string
		tries    uint32
	}{
		"crashes": {crashes, "internal", work.MaxAttempts},
		"hangs":   {hangs, "internal", 1}, // a time limit of ours is not tried again
		"bloats":  {bloats, "out_of_memory", work.MaxAttempts},
	} {
		status, err := bob.Watch(t.Context(), c.id, nil)
		if err != nil {
			t.Fatal(err)
		}
		if status.Status != "failed" || status.Error == nil || status.Error.Code != c.code || status.Attempt != 1 {
			t.Errorf("%s: ended %s, %+v, in attempt %d", name, status.Status, status.Error, status.Attempt)
		}
		if letter := deadLetter(t, site.Bus, c.id); c.tries > 1 && letter.GetAttempts().GetAttempts() != c.tries {
			t.Errorf("%s: dead letter %v, want one of %d attempts", name, letter, c.tries)
		}
	}
	batch.Finish()
}

// poisoned is how often a recording that kills its engine has tasks begin again: its
// own two times, and what was in the engine with it each time it was not alone.
const poisoned = (work.MaxAttempts - 1) + work.MaxAttempts*(meshtest.Slots-1)

// deadLetter returns what is kept of the chunk of a job; nil when nothing is.
func deadLetter(t *testing.T, b *bus.Bus, id string) *jobv1.DeadLetter {
	t.Helper()
	stream, err := b.JS.Stream(t.Context(), bus.StreamDead)
	if err != nil {
		t.Fatal(err)
	}
	info, err := stream.Info(t.Context(), jetstream.WithSubjectFilter("dlq.v1.>"))
	if err != nil {
		t.Fatal(err)
	}
	for subject := range info.State.Subjects {
		msg, err := stream.GetLastMsgForSubject(t.Context(), subject)
		if err != nil {
			t.Fatal(err)
		}
		letter := &jobv1.DeadLetter{}
		if err := proto.Unmarshal(msg.Data, letter); err != nil {
			t.Fatal(err)
		}
		if letter.GetTask().GetJobId() == id && subject == job.DeadLetterSubject(letter.GetTask()) {
			return letter
		}
	}
	return nil
}

// A small file holds an hour: silence that FLAC makes next to nothing of, with a header
// that does not tell how long it is. The job fails once that is seen, with a code,
// and what was decoded of it is gone.
func TestF19_smallFileOfAnHour(t *testing.T) {
	t.Parallel()
	site := chaos.StartSite(t, "-preprocess.max-recording", "20m")
	batch := chaos.NewBatch(t, site)
	bob, _ := chaos.SecondUser(t, site)
	path := filepath.Join(t.TempDir(), "bomb.flac")
	meshtest.FFmpeg(t, "-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "3600", path)
	forgetLength(t, path)

	bomb := chaos.Create(t, bob, meshtest.Upload(t, bob, path))
	batch.Fault("an hour in a small file", 0)
	batch.Create(2)

	status, err := bob.Watch(t.Context(), bomb, nil)
	if err != nil || status.Status != "failed" || status.Error == nil || status.Error.Code != "too_long" {
		t.Errorf("ended %s, %+v, %v; want too_long", status.Status, status.Error, err)
	}
	batch.Finish()
	if n := files(t, filepath.Join(site.Data, "scratch")); n != 0 {
		t.Errorf("%d files are left of it", n)
	}
}

// forgetLength clears the number of samples in the first block of a FLAC file, which
// then means that nobody knows: 36 bits behind the first 4 of byte 21 (STREAMINFO
// begins at byte 8; its byte 13 ends with them).
func forgetLength(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(data, []byte("fLaC")) || len(data) > 2<<20 {
		t.Fatalf("%d bytes, which begin %q", len(data), data[:4])
	}
	data[21] &= 0xf0
	clear(data[22:26])
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
