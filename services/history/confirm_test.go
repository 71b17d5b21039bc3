package history_test

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestGetConfirmed_saysNoWhileTheTranscriptIsMissing(t *testing.T) {
	t.Parallel()
	cases := map[string]func(t *testing.T, m *mesh, id string){
		"gone": func(t *testing.T, m *mesh, id string) {
			if err := m.blobs.Delete(t.Context(), job.TranscriptBlobKey(id, 1, "test")); err != nil {
				t.Fatal(err)
			}
		},
		// Bytes that decode, so that only the sum tells.
		"other words": func(t *testing.T, m *mesh, id string) { m.putTranscript(t, id, &jobv1.Transcript{Language: "en"}) },
	}
	for name, damage := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMesh(t)
			id := m.create(t).GetId()
			revision := m.completeUnseen(t, id, func() { damage(t, m, id) })
			m.waitForState(t, id, jobv1.State_STATE_COMPLETED)

			if m.confirmed(t, id, revision) {
				t.Error("record and blob may go, and the transcript with them")
			}
			_, err := m.history.GetTranscript(t.Context(), &historyv1.GetTranscriptRequest{UserId: "ann", JobId: id})
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("transcript: got %v, want not found", err)
			}

			m.putTranscript(t, id, words) // an operator brings the blob back
			if !m.confirmed(t, id, revision) {
				t.Error("not confirmed with the blob back")
			}
			got, err := m.history.GetTranscript(t.Context(), &historyv1.GetTranscriptRequest{UserId: "ann", JobId: id})
			if err != nil || !proto.Equal(got.GetTranscript(), words) {
				t.Errorf("transcript: got %v, %v", got, err)
			}
		})
	}
}

func TestGetConfirmed_letsADeletedJobGoWithoutItsTranscript(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	id := m.create(t).GetId()
	m.completeUnseen(t, id, func() {
		if err := m.blobs.Delete(t.Context(), job.TranscriptBlobKey(id, 1, "test")); err != nil {
			t.Fatal(err)
		}
	})
	m.waitForState(t, id, jobv1.State_STATE_COMPLETED)

	m.waitFor(t, id, m.move(t, id, jobv1.State_STATE_DELETED, nil))
}

// completeUnseen finishes a job while the service is stopped, does damage, and
// starts it again.
func (m *mesh) completeUnseen(t *testing.T, id string, damage func()) uint64 {
	t.Helper()
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	revision := m.complete(t, id, words)
	damage()
	m.start(t)
	return revision
}

func (m *mesh) putTranscript(t *testing.T, id string, transcript *jobv1.Transcript) {
	t.Helper()
	body, err := proto.Marshal(transcript)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := blob.Put(t.Context(), m.blobs, job.TranscriptBlobKey(id, 1, "test"), bytes.NewReader(body)); err != nil {
		t.Fatal(err)
	}
}

func (m *mesh) confirmed(t *testing.T, id string, revision uint64) bool {
	t.Helper()
	reply, err := m.history.GetConfirmed(t.Context(), &historyv1.GetConfirmedRequest{JobId: id, Revision: revision})
	if err != nil {
		t.Fatal(err)
	}
	return reply.GetConfirmed()
}

func (m *mesh) waitForState(t *testing.T, id string, want jobv1.State) {
	t.Helper()
	testkit.Eventually(t, "the state is recorded", func() bool {
		reply, err := m.history.GetJob(t.Context(), &historyv1.GetJobRequest{UserId: "ann", JobId: id})
		return err == nil && reply.GetJob().GetState() == want
	})
}
