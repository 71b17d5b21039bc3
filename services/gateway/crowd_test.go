package gateway_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// TestGateway_serves20UsersAtOnce plays the client that knows only token, create,
// status, history and download, while a worker completes every job.
func TestGateway_serves20UsersAtOnce(t *testing.T) {
	t.Parallel()
	r := start(t)
	seen := make(chan string, 1000)
	r.background(func(ctx context.Context) {
		_ = r.store.Follow(ctx, func(e job.Event) {
			if e.Job.GetState() == jobv1.State_STATE_QUEUED {
				seen <- e.ID
			}
		})
	})
	r.background(func(ctx context.Context) {
		worker := r.off()
		for {
			select {
			case id := <-seen:
				worker.complete(id, "Hello.")
			case <-ctx.Done():
				return
			}
		}
	})
	var users sync.WaitGroup
	for n := range 20 {
		users.Go(func() { r.off().visit(fmt.Sprintf("user%d", n)) })
	}
	users.Wait()
}

// offTest lets the helpers of a test fail it from other goroutines than its own:
// they report and end their goroutine.
type offTest struct{ testing.TB }

func (o offTest) Fatal(args ...any) {
	o.Helper()
	o.Error(args...)
	runtime.Goexit()
}

func (o offTest) Fatalf(format string, args ...any) {
	o.Helper()
	o.Errorf(format, args...)
	runtime.Goexit()
}

// off is the rig for another goroutine than the test's.
func (r *rig) off() *rig {
	return &rig{
		t: offTest{r.t}, url: r.url, bus: r.bus, store: r.store, blobs: r.blobs, blobDir: r.blobDir,
		history: r.history, accounts: r.accounts, cache: r.cache, diary: r.diary, safe: r.safe, trail: r.trail,
		client: r.client, stop: r.stop,
	}
}

func (r *rig) visit(name string) {
	u := r.login(name)
	for n := range 3 {
		file := fmt.Sprintf("file%d", n+1)
		u.put(file, sound(file))
		id := u.send("POST", "/api/v1/transcription/create",
			`{"file_id":"`+file+`","model":"whisper-turbo","language":"auto","diarization":false}`).field("task_id")
		u.status("task-1", "")
		if got := page(r.t, u, "?page=1&limit=10"); len(got.Items) != n+1 || got.Items[0].TaskID != id {
			r.t.Errorf("history after task %d: %+v", n+1, got)
		}
		for u.status(id, "?wait=30s").wants(200, "").field("status") != "completed" {
			if r.t.Failed() { // the worker has gone
				return
			}
		}
		if got := u.send("GET", "/api/v1/transcription/"+id+"/download?format=text", ""); got.body != "Hello.\n" {
			r.t.Errorf("download %q", got.body)
		}
	}
}
