package storetest

import (
	"testing"

	"google.golang.org/protobuf/proto"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history"
	"github.com/stenomesh/stenomesh/services/history/internal/record"
)

// edited is a completed job whose transcript has this version, and that transcript.
func edited(version uint32, revision uint64) record.Change {
	done := completed(1)
	done.TranscriptVersion = version
	said := words()
	said.Segments[1].Text = []string{"", "The first.", "The second.", "The third."}[version]
	return record.Change{Job: done, Revision: revision, Transcript: said}
}

func transcriptKeepsEveryVersion(t *testing.T, store history.Store) {
	first, second, third := edited(1, 5), edited(2, 7), edited(3, 9)
	id := first.Job.GetId()
	unread := second
	unread.Transcript = nil // its blob could not be read
	mustRecord(t, store, first)
	mustRecord(t, store, unread)
	if ok, err := store.Confirmed(t.Context(), id, 7); err != nil || ok {
		t.Errorf("without the second version: %v, %v", ok, err)
	}
	if _, revision, err := store.Lacking(t.Context(), id); err != nil || revision != 7 {
		t.Errorf("lacking: %d, %v", revision, err)
	}
	mustRecord(t, store, second) // now it can
	if ok, err := store.Confirmed(t.Context(), id, 7); err != nil || !ok {
		t.Errorf("with it: %v, %v", ok, err)
	}
	mustRecord(t, store, third)
	mustRecord(t, store, first, second) // they come again

	newest, err := store.Transcript(t.Context(), "ann", id)
	if err != nil || !proto.Equal(newest, third.Transcript) {
		t.Errorf("newest: %v, %v", newest, err)
	}
	for version, want := range map[uint32]*jobv1.Transcript{1: first.Transcript, 2: second.Transcript, 3: third.Transcript} {
		got, err := store.TranscriptVersion(t.Context(), "ann", id, version)
		if err != nil || !proto.Equal(got, want) {
			t.Errorf("version %d: %v, %v", version, got, err)
		}
		_, err = store.TranscriptVersion(t.Context(), "bob", id, version)
		wantNotFound(t, "somebody else's", err)
	}
	_, err = store.TranscriptVersion(t.Context(), "ann", id, 4)
	wantNotFound(t, "a version that was never made", err)

	gone := job("ann", 1, jobv1.State_STATE_DELETED)
	mustRecord(t, store, change(gone, 11))
	for version := range uint32(4) {
		_, err := store.TranscriptVersion(t.Context(), "ann", id, version)
		wantNotFound(t, "of a deleted job", err)
	}
}

func searchFollowsEveryVersion(t *testing.T, store history.Store) {
	first, second, third := edited(1, 5), edited(2, 7), edited(3, 9)
	want := func(step, found string) {
		t.Helper()
		for _, word := range []string{"first", "second", "third", "предложения"} {
			ids := search(t, store, word)
			wanted := word == found || word == "предложения" && found != ""
			if wanted != (len(ids) == 1) || len(ids) > 1 {
				t.Errorf("%s: %s finds %v", step, word, ids)
			}
		}
	}
	mustRecord(t, store, first)
	want("as the engine made it", "first")
	mustRecord(t, store, second)
	want("edited", "second")

	unread := third
	unread.Transcript = nil // its blob could not be read
	mustRecord(t, store, unread)
	mustRecord(t, store, third) // now it can
	want("edited, and read later", "third")
	for _, again := range []record.Change{first, second, third} {
		mustRecord(t, store, again)
		want("a version comes again", "third")
	}
	if _, err := store.IndexMissing(t.Context(), ""); err != nil {
		t.Error(err)
	}
	want("looked after", "third")

	mustRecord(t, store, change(job("ann", 1, jobv1.State_STATE_DELETED), 11))
	want("deleted", "")
	mustRecord(t, store, third) // late
	want("deleted before", "")
}
