package history_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history"
)

// A database of its own opinion: it refuses to store a revision twice, or an older
// one over a newer one.
const onlyForward = `
CREATE FUNCTION only_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'job % goes from revision % to %', NEW.id, OLD.revision, NEW.revision;
END $$;
CREATE TRIGGER only_forward BEFORE UPDATE ON transcription_history
    FOR EACH ROW WHEN (NEW.revision <= OLD.revision) EXECUTE FUNCTION only_forward()`

func TestRecorder_missesNothingWhilePostgresIsAway(t *testing.T) {
	t.Parallel()
	server := testkit.PostgresServer(t)
	config := history.DefaultConfig()
	config.StoreURL = server.Database(t)
	if err := history.Migrate(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	watch(t, config.StoreURL)

	server.Stop(t) // away at the start
	m := newMeshOn(t, config)
	_, _ = m.replica(t)
	want := runJobs(t, m, 15)
	if err := m.service.Check(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("check while it is away: %v", err)
	}
	server.Start(t)
	want = append(want, runJobs(t, m, 30)...)
	server.Stop(t) // in the middle, both recorders at work
	want = append(want, runJobs(t, m, 15)...)
	server.Start(t)
	want = append(want, runJobs(t, m, 15)...)

	for _, job := range want {
		m.waitFor(t, job.id, job.revision)
		reply, err := m.history.GetJob(t.Context(), &historyv1.GetJobRequest{UserId: "ann", JobId: job.id})
		if err != nil || reply.GetRevision() != job.revision {
			t.Errorf("%s is at %d, %v; want %d", job.id, reply.GetRevision(), err, job.revision)
		}
		transcript, err := m.history.GetTranscript(t.Context(), &historyv1.GetTranscriptRequest{UserId: "ann", JobId: job.id})
		if job.completed && (err != nil || !proto.Equal(transcript.GetTranscript(), words)) {
			t.Errorf("transcript of %s: %v, %v", job.id, transcript, err)
		}
	}
	waitSettled(t, m)
	page := m.list(t, &historyv1.ListJobsRequest{UserId: "ann", Limit: 1000})
	ids := slices.Sorted(slices.Values(idsOf(page)))
	if len(slices.Compact(ids)) != len(want) || page.GetTotal() != int64(len(want)) {
		t.Errorf("%d jobs, counted %d; want %d", len(ids), page.GetTotal(), len(want))
	}
}

// recorded is a job as the history should have it in the end.
type recorded struct {
	id        string
	revision  uint64
	completed bool
}

// runJobs takes jobs through several states; every third completes.
func runJobs(t *testing.T, m *mesh, n int) []recorded {
	t.Helper()
	var all []recorded
	for i := range n {
		job := recorded{id: m.create(t).GetId(), completed: i%3 == 0}
		if job.completed {
			job.revision = m.complete(t, job.id, words)
		} else {
			m.move(t, job.id, jobv1.State_STATE_PREPROCESSING, nil)
			job.revision = m.move(t, job.id, jobv1.State_STATE_TRANSCRIBING, nil)
		}
		all = append(all, job)
	}
	return all
}

func watch(t *testing.T, database string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), onlyForward); err != nil {
		t.Fatal(err)
	}
}
