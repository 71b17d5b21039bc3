package gateway_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway"
)

func (u user) retry(id string) reply {
	u.t.Helper()
	return u.send("POST", "/api/v1/transcription/"+id+"/retry", "")
}

func (r *rig) fail(id string) {
	r.t.Helper()
	r.advance(id, jobv1.State_STATE_PREPROCESSING, func(j *jobv1.Job) { j.Chunks, j.Done, j.DoneMs = 9, []byte{1}, 10 })
	r.advance(id, jobv1.State_STATE_FAILED, func(j *jobv1.Job) { j.Error = &jobv1.Error{Code: "internal", Message: "Went wrong."} })
}

func TestRetry_beginsAnewForEverybody(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "token.key")
	sameKey := func(c *gateway.Config) { c.KeyFile = key }
	r := start(t, sameKey)
	ann := r.login("ann")
	elsewhere := user{rig: r.another(sameKey), token: ann.token}
	id := ann.task("")
	ann.retry(id).wants(409, "task_running")
	r.fail(id)
	testkit.Eventually(t, "failed", func() bool { return ann.status(id, "").field("status") == "failed" })

	got := ann.retry(id).wants(202, "")

	if got.field("status") != "queued" || got.field("attempt") != "2" || got.field("error") != "null" || got.field("progress") != "0" {
		t.Errorf("answer %s", got.body)
	}
	ann.retry(id).wants(409, "task_running")
	listener := elsewhere.listen(id, "1.7.end") // whatever this one has heard
	if e, _ := listener.next(); e.name != "status" || e.id != "2.0" || e.member("attempt") != "2" {
		t.Errorf("told %v", e)
	}
	record, _, err := r.store.Get(t.Context(), id)
	if err != nil || record.GetChunks() != 0 || record.GetDoneMs() != 0 || record.GetFinishedAt() != nil || len(record.GetTimings()) != 0 {
		t.Errorf("record %v, %v", record, err)
	}
	r.complete(id, "Well.")
	listener.await("done", "attempt", "2")
	ann.retry(id).wants(409, "task_completed")
	r.login("ben").retry(id).wants(404, "task_not_found")
}

// Of many who ask at once, one begins the attempt.
func TestRetry_isOneOfManyAtOnce(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	id := ann.task("")
	ann.send("POST", "/api/v1/transcription/"+id+"/cancel", "").wants(202, "")
	var began, refused atomic.Int64
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			switch ann := (user{rig: r.off(), token: ann.token}); ann.retry(id).status {
			case 202:
				began.Add(1)
			case 409:
				refused.Add(1)
			}
		})
	}
	all.Wait()

	if began.Load() != 1 || refused.Load() != 11 {
		t.Errorf("%d began, %d were refused", began.Load(), refused.Load())
	}
	if got := ann.status(id, "").field("attempt"); got != "2" {
		t.Errorf("attempt %s", got)
	}
}

func TestRetry_wantsTheRecordingAndRoom(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *gateway.Config) { c.MaxLiveTasks = 1 })
	ann := r.login("ann")
	id := ann.task("")
	r.fail(id)
	testkit.Eventually(t, "failed", func() bool { return ann.status(id, "").field("status") == "failed" })
	other := ann.task("")
	ann.retry(id).wants(429, "quota_exceeded")
	r.fail(other)
	testkit.Eventually(t, "failed", func() bool { return ann.status(other, "").field("status") == "failed" })

	record, _, err := r.store.Get(t.Context(), id)
	r.ok(err)
	r.ok(r.blobs.Delete(t.Context(), record.GetInput().GetBlobKey()))

	ann.retry(id).wants(409, "file_gone")
	if got := ann.status(id, "").field("status"); got != "failed" {
		t.Errorf("status %s", got)
	}
}

func TestRetry_ofAJobThatOnlyTheHistoryHas(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	key := job.FileBlobKey(ann.id, fmt.Sprintf("%064d", 1))
	_, err := blob.Put(t.Context(), r.blobs, key, strings.NewReader("sound"))
	r.ok(err)
	when := timestamppb.New(time.Now().Add(-48 * time.Hour))
	r.history.set(func(h *history) {
		h.rows[neverMade] = job.Event{ID: neverMade, Revision: 1, Job: &jobv1.Job{
			Id: neverMade, UserId: ann.id, State: jobv1.State_STATE_FAILED, Attempt: 3, CreatedAt: when, UpdatedAt: when, FinishedAt: when,
			Options: &jobv1.Options{Model: "demo", ResolvedModel: "demo"}, Input: &jobv1.Input{Name: "old.mp3", BlobKey: key},
		}}
	})

	got := ann.retry(neverMade).wants(202, "")

	if got.field("attempt") != "4" || got.field("status") != "queued" {
		t.Errorf("answer %s", got.body)
	}
	record, _, err := r.store.Get(t.Context(), neverMade)
	if err != nil || record.GetState() != jobv1.State_STATE_QUEUED || record.GetInput().GetBlobKey() != key {
		t.Errorf("record %v, %v", record, err)
	}
}
