//go:build chaos

package chaos_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
	"github.com/stenomesh/stenomesh/services/steno/client"
)

// A byte of a stored blob changes while a job is under way: in what was uploaded, in
// the sound of a chunk, in its words, in the transcript. It is found: the job fails,
// or that blob is not needed. Nobody ever gets other words.
func TestF30_aByteOfABlobChanges(t *testing.T) {
	t.Parallel()
	site := chaos.StartSite(t, mends...)
	batch := chaos.NewBatch(t, site)
	ann := batch.User().Client()
	one, two := words(t, ann, batch.File(1)), words(t, ann, batch.File(2))
	blobs := filepath.Join(site.Data, "blobs")
	of := func(id string) string { return filepath.Join(blobs, "jobs", id[len(id)-2:], id, "1") }

	t.Run("upload", func(t *testing.T) {
		chaos.Case(t, "a byte changed in an upload")
		path := meshtest.Compose(t, meshtest.Composition{Language: "en", Seconds: 4, Pause: meshtest.Pauses, Seed: 30}).Path
		file := meshtest.Upload(t, ann, path)
		want := words(t, ann, file)
		changeByte(t, newest(t, filepath.Join(blobs, "files")), "")

		ends(t, ann, chaos.Create(t, ann, file), want, "failed", "corrupt_media")
		meshtest.Upload(t, ann, path) // the same bytes mend it
		ends(t, ann, chaos.Create(t, ann, file), want, "completed", "")
	})
	t.Run("chunk", func(t *testing.T) {
		chaos.Case(t, "a byte changed in a chunk")
		hold(t, site.Bus, bus.ConsumerASR("demo"))
		id := chaos.Create(t, ann, batch.File(1))
		testkit.Eventually(t, "it is prepared", func() bool { return batch.In("transcribing", []string{id}) == 1 })
		changeByte(t, newest(t, filepath.Join(of(id), "chunk")), "")
		letGo(t, site.Bus, bus.ConsumerASR("demo"))

		ends(t, ann, id, one, "failed", "internal")
	})
	t.Run("result", func(t *testing.T) {
		chaos.Case(t, "a byte changed in a result")
		site.Engine.Script(`{"rules": [{"do": "slow", "ms": 5000, "trace": "/1/1"}]}`)
		id := chaos.Create(t, ann, batch.File(2))
		testkit.Eventually(t, "one chunk is transcribed", func() bool {
			_, err := os.Stat(filepath.Join(of(id), "result"))
			return err == nil && files(t, filepath.Join(of(id), "result")) == 1
		})
		changeByte(t, newest(t, filepath.Join(of(id), "result")), "")

		ends(t, ann, id, two, "failed", "internal")
	})
	t.Run("transcript that the history has", func(t *testing.T) {
		chaos.Case(t, "a byte changed in a transcript")
		id := chaos.Create(t, ann, batch.File(1))
		testkit.Eventually(t, "the history has it", func() bool {
			history := chaos.Consumer(t, site.Bus, bus.StreamJobs, bus.ConsumerHistory)
			return batch.In("completed", []string{id}) == 1 && history.NumPending == 0 && history.NumAckPending == 0
		})
		changeByte(t, newest(t, of(id)), "")

		ends(t, ann, id, one, "completed", "")
	})
	t.Run("transcript that only the blobs have", func(t *testing.T) {
		chaos.Case(t, "a byte changed in a transcript")
		history := bus.ConsumerHistory
		if _, err := site.Bus.JS.PauseConsumer(t.Context(), bus.StreamJobs, history, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		id := chaos.Create(t, ann, batch.File(1))
		testkit.Eventually(t, "it is completed", func() bool { return batch.In("completed", []string{id}) == 1 })
		changeByte(t, newest(t, of(id)), "")
		if _, err := site.Bus.JS.ResumeConsumer(t.Context(), bus.StreamJobs, history); err != nil {
			t.Fatal(err)
		}

		if got, err := ann.Download(t.Context(), id, "text"); err == nil {
			t.Errorf("a damaged transcript was handed out: %q", got)
		}
	})
}

// words are those of an undisturbed run.
func words(t *testing.T, c *client.Client, file string) string {
	t.Helper()
	id := chaos.Create(t, c, file)
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
	defer cancel()
	status, err := c.Watch(ctx, id, nil)
	if err != nil || status.Status != "completed" {
		t.Fatalf("it ended %s, %v", status.Status, err)
	}
	text, err := c.Download(t.Context(), id, "text")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// ends follows a job to its end, which has to be such, and holds its words against
// those of an undisturbed run.
func ends(t *testing.T, c *client.Client, id, want, state, code string) {
	t.Helper()
	status, err := c.Watch(t.Context(), id, nil)
	if err != nil {
		t.Fatal(err)
	}
	if status.Status != state || code != "" && (status.Error == nil || status.Error.Code != code) {
		t.Errorf("it ended %s, %+v; want %s %s", status.Status, status.Error, state, code)
	}
	neverOthers(t, c, id, want)
	if _, err := c.Download(t.Context(), id, "text"); state == "completed" && err != nil {
		t.Errorf("a completed job has no words: %v", err)
	}
}

// neverOthers fails when a job has words that are not those of an undisturbed run.
func neverOthers(t *testing.T, c *client.Client, id, want string) {
	t.Helper()
	if got, err := c.Download(t.Context(), id, "text"); err == nil && string(got) != want {
		t.Errorf("the words are %q, want %q", got, want)
	}
}

// newest is the file below a folder that was written last.
func newest(t *testing.T, folder string) (path string) {
	t.Helper()
	var last fs.FileInfo
	err := filepath.WalkDir(folder, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil && (last == nil || info.ModTime().After(last.ModTime())) {
			path, last = at, info
		}
		return err
	})
	if err != nil || last == nil {
		t.Fatalf("no file is below %s (%v)", folder, err)
	}
	return path
}
