//go:build chaos

package chaos_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
)

// A byte of what the bus has stored of a job changes while it is down. The server
// finds it by its checksum and treats what it was in as not there. The job fails or
// is done again, and comes to its end.
//
// The dispatcher puts a record back that is gone and was not told as removed, and a
// task that is in the queue and given to nobody.
func TestF30_aByteOfTheBusChanges(t *testing.T) {
	t.Parallel()
	for name, c := range stored {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chaos.Case(t, "a byte changed in "+name+" on the bus")
			d := newDamage(t)
			id := c.when(d, t)

			d.changeByte(t, c.stream, strings.ReplaceAll(c.subject, "ID", id))
			d.resume(t)

			ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
			defer cancel()
			status, err := d.batch.User().Client().Watch(ctx, id, nil)
			if err != nil || status.Status != "failed" && status.Status != "completed" {
				t.Errorf("it is %s, %v", status.Status, err)
			}
			neverOthers(t, d.batch.User().Client(), id, d.want)
		})
	}
}

// The same when the server was killed, so that it reads its files from their
// beginning: it drops what it finds damaged, and all that stands behind it in the same
// file. So the numbers of its messages begin again where that was, and who listened
// before waits for higher ones: the mesh is started again, too. What is left must not
// become other words, and new jobs are done.
func TestF30_aByteOfTheBusChangesAndItWasKilled(t *testing.T) {
	t.Parallel()
	for name, c := range stored {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chaos.Case(t, "a byte changed in "+name+" on the bus, which was killed")
			d := newDamage(t)
			id := c.when(d, t)

			d.changeByte(t, c.stream, strings.ReplaceAll(c.subject, "ID", id))
			d.forgetIndex(t, c.stream)
			d.site.Stop()
			d.resume(t)
			again := chaos.StartSite(t, "-bus.url", d.server.URL(), "-data", d.site.Data)
			ann := again.Client(t)

			if got := words(t, ann, d.batch.File(2)); got != d.want {
				t.Errorf("the words are %q, want %q", got, d.want)
			}
			neverOthers(t, ann, id, d.want)
		})
	}
}

// stored is what the bus has of a job of two chunks: in which stream, under which
// subject, and when the bus goes down.
var stored = map[string]struct {
	stream, subject string
	when            func(*damage, *testing.T) (id string)
}{
	"a record": {bus.StreamJobs, "$KV.JOBS.job.ID", (*damage).prepared},
	"a plan":   {bus.StreamJobs, "$KV.JOBS.plan.ID.1", (*damage).prepared},
	"a task":   {bus.StreamTasks, "ID.1.0", (*damage).prepared},
	"a result": {bus.StreamJobs, "$KV.JOBS.res.ID.1.0", (*damage).halfDone},
}

// damage is a mesh on a bus whose files are changed.
type damage struct {
	server *chaos.Server
	site   *chaos.Site
	batch  *chaos.Batch
	want   string // words of the recording of two chunks
}

func newDamage(t *testing.T) *damage {
	t.Helper()
	server := chaos.StartServer(t)
	site := chaos.StartSite(t, append(mends, "-bus.url", server.URL())...)
	batch := chaos.NewBatch(t, site)
	return &damage{server: server, site: site, batch: batch, want: words(t, batch.User().Client(), batch.File(2))}
}

// prepared makes a job and waits until its chunks are queued.
func (d *damage) prepared(t *testing.T) (id string) {
	t.Helper()
	hold(t, d.site.Bus, bus.ConsumerASR("demo"))
	id = chaos.Create(t, d.batch.User().Client(), d.batch.File(2))
	testkit.Eventually(t, "its chunks are queued", func() bool {
		return d.batch.In("transcribing", []string{id}) == 1 && chaos.Stored(t, d.site.Bus, bus.StreamTasks) == 2
	})
	return id
}

// halfDone makes a job and waits until one of its chunks is done.
func (d *damage) halfDone(t *testing.T) (id string) {
	t.Helper()
	d.site.Engine.Script(`{"rules": [{"do": "slow", "ms": 8000, "trace": "/1/1"}]}`)
	id = chaos.Create(t, d.batch.User().Client(), d.batch.File(2))
	testkit.Eventually(t, "one chunk is done", func() bool {
		stream, err := d.site.Bus.JS.Stream(t.Context(), bus.StreamJobs)
		if err != nil {
			return false
		}
		info, err := stream.Info(t.Context(), jetstream.WithSubjectFilter("$KV.JOBS.res."+id+".>"))
		return err == nil && len(info.State.Subjects) == 1
	})
	return id
}

func (d *damage) folder(stream string) string {
	return filepath.Join(d.server.Folder(), "jetstream", "$G", "streams", stream, "msgs")
}

// changeByte stops the bus and changes one in the newest message of a subject.
func (d *damage) changeByte(t *testing.T, stream, subject string) {
	t.Helper()
	d.server.Stop()
	blocks, err := filepath.Glob(filepath.Join(d.folder(stream), "*.blk"))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range blocks {
		if data, err := os.ReadFile(block); err == nil && bytes.Contains(data, []byte(subject)) {
			changeByte(t, block, subject)
			return
		}
	}
	t.Fatalf("%s is in none of %v", subject, blocks)
}

// forgetIndex removes what a server writes when it ends in good order.
func (d *damage) forgetIndex(t *testing.T, stream string) {
	t.Helper()
	if err := os.Remove(filepath.Join(d.folder(stream), "index.db")); err != nil {
		t.Fatal(err)
	}
}

// resume starts the bus and lets everything go on.
func (d *damage) resume(t *testing.T) {
	t.Helper()
	d.server.Start()
	b := d.server.Connect()
	testkit.Eventually(t, "the chunks are given out", func() bool {
		_, err := b.JS.ResumeConsumer(t.Context(), bus.StreamTasks, bus.ConsumerASR("demo"))
		return err == nil
	})
}

// changeByte changes the byte in the middle of a file, or one a bit behind the last
// place where marker is.
func changeByte(t *testing.T, path, marker string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := len(data) / 2
	if marker != "" {
		at = bytes.LastIndex(data, []byte(marker)) + len(marker) + 20
	}
	data[at] ^= 0x10
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
