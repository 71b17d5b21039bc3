package history_test

import (
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

var words = &jobv1.Transcript{Language: "ru", DurationMs: 2000,
	Segments: []*jobv1.Segment{{StartMs: 100, EndMs: 1900, Text: "Доброе утро."}}}

func TestRecorder_keepsAJobAndItsTranscript(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	id := m.create(t).GetId()

	m.waitFor(t, id, m.complete(t, id, words))

	got, err := m.history.GetJob(t.Context(), &historyv1.GetJobRequest{UserId: "ann", JobId: id})
	if err != nil || got.GetJob().GetState() != jobv1.State_STATE_COMPLETED || len(got.GetJob().GetTimings()) == 0 {
		t.Errorf("got %v, %v", got, err)
	}
	transcript, err := m.history.GetTranscript(t.Context(), &historyv1.GetTranscriptRequest{UserId: "ann", JobId: id})
	if err != nil || !proto.Equal(transcript.GetTranscript(), words) {
		t.Errorf("got %v, %v", transcript, err)
	}
	if m.queries.Load() == 0 {
		t.Error("no query was observed")
	}
}

func TestRecorder_forgetsADeletedJobEvenWhenItsKeysArePurged(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	id := m.create(t).GetId()
	m.waitFor(t, id, m.complete(t, id, words))

	revision := m.move(t, id, jobv1.State_STATE_DELETED, nil)
	m.waitFor(t, id, revision)
	if err := m.jobs.Purge(t.Context(), id, revision); err != nil {
		t.Fatal(err)
	}
	later := m.create(t).GetId() // the recorder is past the purge when this one is there
	m.waitFor(t, later, 1)

	_, err := m.history.GetTranscript(t.Context(), &historyv1.GetTranscriptRequest{UserId: "ann", JobId: id})
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("transcript: got %v, want not found", err)
	}
	page, err := m.history.ListJobs(t.Context(), &historyv1.ListJobsRequest{UserId: "ann", Limit: 10})
	if err != nil || page.GetTotal() != 1 || page.GetJobs()[0].GetId() != later {
		t.Errorf("got %v, %v; want the later job only", page, err)
	}
}

func TestRecorder_keepsAFinishedJobWhoseKeysArePurged(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	id := m.create(t).GetId()
	revision := m.complete(t, id, words)
	m.waitFor(t, id, revision)

	if err := m.jobs.Purge(t.Context(), id, revision); err != nil {
		t.Fatal(err)
	}
	m.waitFor(t, m.create(t).GetId(), 1)

	if _, err := m.history.GetTranscript(t.Context(), &historyv1.GetTranscriptRequest{UserId: "ann", JobId: id}); err != nil {
		t.Errorf("the transcript went with the keys: %v", err)
	}
}

func TestRecorder_passesOverWhatIsNoRecord(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	unknown, err := proto.Marshal(&jobv1.Job{Id: "x", UserId: "ann", State: jobv1.State(99)})
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range [][]byte{[]byte("{not protobuf"), {}, unknown} {
		if _, err := m.bus.JS.Publish(t.Context(), "$KV.JOBS.job.x", body); err != nil {
			t.Fatal(err)
		}
	}

	m.waitFor(t, m.create(t).GetId(), 1) // what comes behind is recorded
	waitSettled(t, m)
}

func TestRecorder_waitsWhileTheDatabaseIsAwayAndMissesNothing(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	unlock := m.lock(t)
	var ids []string
	for range 100 { // more than one batch
		ids = append(ids, m.create(t).GetId())
	}
	testkit.Eventually(t, "the recorder holds messages", func() bool { return info(t, m).NumAckPending > 0 })
	if page, err := m.history.ListJobs(t.Context(), &historyv1.ListJobsRequest{UserId: "ann", Limit: 1}); err != nil || page.GetTotal() != 0 {
		t.Errorf("while it is away: %v, %v; want an empty page", page, err)
	}
	unlock()

	for _, id := range ids {
		m.waitFor(t, id, 1)
	}
	waitSettled(t, m)
	page, err := m.history.ListJobs(t.Context(), &historyv1.ListJobsRequest{UserId: "ann", Limit: 1000})
	slices.Reverse(ids)
	if err != nil || !slices.Equal(idsOf(page), ids) {
		t.Errorf("got %d jobs, %v; want all 100 newest first", len(page.GetJobs()), err)
	}
}

func TestRecorder_goesOnWithoutATranscriptThatCannotBeRead(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	id := m.create(t).GetId()
	m.blobs.bad.Store(job.TranscriptBlobKey(id, 1, "test"))
	revision := m.complete(t, id, words)
	later := m.create(t).GetId()
	testkit.Eventually(t, "it was tried twice", func() bool { return m.blobs.tried.Load() >= 2 })
	if page := m.list(t, &historyv1.ListJobsRequest{UserId: "ann", Limit: 9}); slices.Contains(idsOf(page), later) {
		t.Error("the transcript is given up at once")
	}

	m.clock.forward(2 * time.Minute)

	m.waitFor(t, later, 1)
	if m.confirmed(t, id, revision) {
		t.Error("record and blob may go, and the transcript with them")
	}
	m.blobs.bad.Store("")
	if !m.confirmed(t, id, revision) {
		t.Error("not confirmed now that the blob can be read")
	}
}

func TestRecorder_startsAgainWhereItStopped(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	first := m.create(t).GetId()
	m.waitFor(t, first, 1)
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	second := m.create(t).GetId()

	m.start(t)

	m.waitFor(t, second, 1)
	if _, err := m.history.GetJob(t.Context(), &historyv1.GetJobRequest{UserId: "ann", JobId: first}); err != nil {
		t.Errorf("the first job: %v", err)
	}
}

func TestRecorder_givesBackWhatItCouldNotStore(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	patient := consumer(t, m).CachedInfo().Config
	patient.AckWait = time.Hour // the bus itself would not notice in this test
	if _, err := m.bus.JS.UpdateConsumer(t.Context(), bus.StreamJobs, patient); err != nil {
		t.Fatal(err)
	}
	unlock := m.lock(t)
	id := m.create(t).GetId()
	testkit.Eventually(t, "the recorder holds the message", func() bool { return info(t, m).NumAckPending > 0 })

	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	unlock()
	testkit.Eventually(t, "the message can be had again", func() bool { return fetchOne(t, m) })

	m.start(t)
	m.waitFor(t, id, 1)
}

// fetchOne reports whether the bus has a message for the recorder, and gives it
// back.
func fetchOne(t *testing.T, m *mesh) bool {
	t.Helper()
	batch, err := consumer(t, m).FetchNoWait(1)
	if err != nil {
		t.Fatal(err)
	}
	for msg := range batch.Messages() {
		return msg.Nak() == nil
	}
	return false
}

// waitSettled waits until the bus has nothing left for the recorder.
func waitSettled(t *testing.T, m *mesh) {
	t.Helper()
	testkit.Eventually(t, "every message is acknowledged", func() bool {
		got := info(t, m)
		return got.NumAckPending == 0 && got.NumPending == 0
	})
}

type pending struct {
	NumAckPending int
	NumPending    uint64
}

func info(t *testing.T, m *mesh) pending {
	t.Helper()
	got := consumer(t, m).CachedInfo() // of this moment: the handle is new
	return pending{got.NumAckPending, got.NumPending}
}

func consumer(t *testing.T, m *mesh) jetstream.Consumer {
	t.Helper()
	handle, err := m.bus.JS.Consumer(t.Context(), bus.StreamJobs, bus.ConsumerHistory)
	if err != nil {
		t.Fatal(err)
	}
	return handle
}

func idsOf(page *historyv1.ListJobsResponse) []string {
	var ids []string
	for _, j := range page.GetJobs() {
		ids = append(ids, j.GetId())
	}
	return ids
}
