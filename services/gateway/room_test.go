package gateway_test

import (
	"fmt"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

const smallBucket = 4 << 20 // bytes

func TestCreate_isRefusedWhileTheBucketIsNearlyFullAndLiveJobsFinish(t *testing.T) {
	t.Parallel()
	r := start(t)
	small := bus.EmbeddedLayout([]string{"demo"})
	small.JobsBytes = smallBucket
	r.ok(bus.Provision(t.Context(), r.bus.JS, small))
	ann := r.login("ann")
	live := []string{ann.task(""), ann.task(""), ann.task("")}
	create := func() reply { return ann.send("POST", "/api/v1/transcription/create", `{"file_id":"f1"}`) }

	fill(r, bus.StreamJobs, "$KV.JOBS.fill", 85)

	var refused reply
	testkit.Eventually(t, "new jobs are refused", func() bool { refused = create(); return refused.status != 201 })
	if refused.wants(503, "backlog_full").header.Get("Retry-After") != "30" {
		t.Errorf("Retry-After %q", refused.header.Get("Retry-After"))
	}
	for _, id := range live {
		r.advance(id, jobv1.State_STATE_TRANSCRIBING)
		r.complete(id, "Hello.")
		testkit.Eventually(t, "the job ends", func() bool { return ann.status(id, "").field("status") == "completed" })
		ann.send("GET", "/api/v1/transcription/"+id+"/download?format=text", "").wants(200, "")
	}
	ann.send("DELETE", "/api/v1/transcription/"+live[0], "").wants(204, "")
	create().wants(503, "backlog_full")

	empty(r, bus.StreamJobs, "$KV.JOBS.fill.>")
	testkit.Eventually(t, "jobs are taken again", func() bool { return create().status == 201 })
}

func TestUpload_isRefusedWhileTheBucketIsNearlyFull(t *testing.T) {
	t.Parallel()
	r := start(t)
	stream, err := r.bus.JS.Stream(t.Context(), bus.StreamFiles)
	r.ok(err)
	small := stream.CachedInfo().Config
	small.MaxBytes = smallBucket
	_, err = r.bus.JS.UpdateStream(t.Context(), small)
	r.ok(err)
	ann := r.login("ann")
	ann.put("f1", sound("f1")).wants(201, "")
	upload := func() reply { return ann.send("POST", "/api/v1/files?name=a.mp3", sound("f1")) }

	fill(r, bus.StreamFiles, "$KV.FILES.fill", 93)

	var refused reply
	testkit.Eventually(t, "new files are refused", func() bool { refused = upload(); return refused.status != 201 })
	if refused.wants(503, "files_full").header.Get("Retry-After") != "30" {
		t.Errorf("Retry-After %q", refused.header.Get("Retry-After"))
	}
	ann.put("f2", sound("f2")).wants(503, "files_full")
	ann.put("f1", sound("f1")).wants(200, "") // it is there: nothing new is stored
	ann.send("POST", "/api/v1/transcription/create", `{"file_id":"f1"}`).wants(201, "")

	empty(r, bus.StreamFiles, "$KV.FILES.fill.>")
	testkit.Eventually(t, "files are taken again", func() bool { return upload().status == 201 })
}

// fill brings a stream to a share of its limit, in percent.
func fill(r *rig, stream, subject string, percent int64) {
	r.t.Helper()
	block := make([]byte, 32<<10)
	for n := 0; used(r, stream) < smallBucket/100*percent; n++ {
		_, err := r.bus.JS.Publish(r.t.Context(), fmt.Sprintf("%s.%d", subject, n), block)
		r.ok(err)
	}
}

func empty(r *rig, stream, subjects string) {
	r.t.Helper()
	handle, err := r.bus.JS.Stream(r.t.Context(), stream)
	r.ok(err)
	r.ok(handle.Purge(r.t.Context(), jetstream.WithPurgeSubject(subjects)))
}

func used(r *rig, stream string) int64 {
	r.t.Helper()
	handle, err := r.bus.JS.Stream(r.t.Context(), stream)
	r.ok(err)
	return int64(handle.CachedInfo().State.Bytes)
}
