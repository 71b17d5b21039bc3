package dispatcher_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestDispatcher_purgesARecordOnlyWhenHistoryHasIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cfg.Grace = 0
	r.history.down.Store(true)
	r.history.behind.Store(true)
	r.dispatcher(t)
	r.workers(t, 1, nil)
	id := r.accept(t, "u", 1, nil)
	r.await(t, id, jobv1.State_STATE_COMPLETED)

	for _, phase := range []string{"down", "behind"} {
		asked := r.history.asked.Load()
		testkit.Eventually(t, "two looks while the history is "+phase, func() bool { return r.history.asked.Load() >= asked+2 })
		if got := r.get(t, id).GetState(); got != jobv1.State_STATE_COMPLETED {
			t.Fatalf("the record is %v", got)
		}
		r.history.down.Store(false)
	}
	r.history.behind.Store(false)

	r.awaitPurged(t, id)
}

func TestDispatcher_keepsAFreshRecord(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.dispatcher(t)
	r.workers(t, 1, nil)
	kept := r.accept(t, "u", 1, nil)
	r.await(t, kept, jobv1.State_STATE_COMPLETED)
	deleted := r.accept(t, "u", 1, nil)
	r.must(t, r.end(t, deleted, jobv1.State_STATE_DELETED))

	r.awaitPurged(t, deleted) // the same look would have taken the other

	if got := r.get(t, kept); r.text(t, got) != "Chunk 0." {
		t.Errorf("record %v", got)
	}
}

// TestDispatcher_makesRoomBeforeTheGraceIsOver cancels jobs with long prompts
// until their records take more of the bucket than they should.
func TestDispatcher_makesRoomBeforeTheGraceIsOver(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	stream, err := r.JS.Stream(t.Context(), bus.StreamJobs)
	r.must(t, err)
	layout := stream.CachedInfo().Config
	layout.MaxBytes = 200_000
	_, err = r.JS.UpdateStream(t.Context(), layout)
	r.must(t, err)
	var ids []string
	for n := range 17 { // 170 KB: the bucket is crowded above 120
		id := r.accept(t, "u", 1, func(record *jobv1.Job) { record.Options.Prompt = strings.Repeat("x", 10_000) })
		_, _, err := r.jobs.Update(t.Context(), id, func(record *jobv1.Job) error {
			job.Advance(record, jobv1.State_STATE_CANCELLED, time.Now().Add(time.Duration(n)*time.Millisecond))
			return nil
		})
		r.must(t, err)
		ids = append(ids, id)
	}

	r.dispatcher(t)

	r.awaitPurged(t, ids[4])
	testkit.Eventually(t, "there is room again", func() bool {
		used, _, err := r.jobs.Usage(t.Context())
		return err == nil && used <= 120_000
	})
	r.must(t, r.end(t, ids[16], jobv1.State_STATE_DELETED))
	r.awaitPurged(t, ids[16]) // a look at a bucket with room
	for _, id := range ids[7:16] {
		if got := r.get(t, id).GetState(); got != jobv1.State_STATE_CANCELLED {
			t.Errorf("a younger record is %v", got)
		}
	}
}

func TestDispatcher_removesRecordingsThatNothingRefersTo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	sums := map[string]string{"file": "aaaa", "live": "bbbb", "over": "cccc", "orphan": "dddd"}
	keys := map[string]string{}
	for name, sum := range sums {
		keys[name] = job.FileBlobKey("u", sum)
		if _, err := blob.Put(t.Context(), r.blobs, keys[name], strings.NewReader(name)); err != nil {
			t.Fatal(err)
		}
	}
	r.must(t, r.files.Create(t.Context(), &jobv1.File{
		UserId: "u", Input: &jobv1.Input{FileId: "f1", BlobKey: keys["file"], Sha256: sums["file"]},
	}))
	r.accept(t, "u", 1, func(record *jobv1.Job) { record.Input.BlobKey = keys["live"] })
	over := r.accept(t, "u", 1, func(record *jobv1.Job) { record.Input.BlobKey = keys["over"] })
	r.must(t, r.end(t, over, jobv1.State_STATE_CANCELLED))

	r.dispatcher(t)

	r.awaitFiles(t, keys["file"], keys["live"])
	r.must(t, r.files.Delete(t.Context(), "u", "f1"))
	r.awaitFiles(t, keys["live"])
}

func TestDispatcher_removesWhatADeadWriterLeftAndNoMore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	abandoned, err := r.blobs.Create(t.Context())
	r.must(t, err)
	t.Cleanup(func() { _ = abandoned.Abort() })
	top, err := r.blobs.LocalPath("x")
	r.must(t, err)
	old, err := filepath.Glob(filepath.Join(filepath.Dir(top), ".tmp", "*"))
	r.must(t, err)
	yesterday := time.Now().Add(-24 * time.Hour)
	r.must(t, os.Chtimes(old[0], yesterday, yesterday))
	living, err := r.blobs.Create(t.Context())
	r.must(t, err)

	r.dispatcher(t)

	testkit.Eventually(t, "the old temporary file is gone", func() bool {
		_, err := os.Stat(old[0])
		return errors.Is(err, fs.ErrNotExist)
	})
	if _, err := living.Commit(t.Context(), "a/b"); err != nil {
		t.Errorf("the file of a living writer: %v", err)
	}
}

// TestDispatcher_keepsARecordingThatIsUploadedAgain uploads the bytes of an
// unused recording once more in the moment the janitor removes it.
func TestDispatcher_keepsARecordingThatIsUploadedAgain(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]bool{"stored just before": true, "stored just after": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.cfg.FileGrace = time.Millisecond
			key := job.FileBlobKey("u", "abcd")
			_, err := blob.Put(t.Context(), r.blobs, key, strings.NewReader("sound"))
			r.must(t, err)
			racing := &racingStore{Store: r.blobs, before: before, upload: func() {
				if before {
					if _, err := blob.Put(t.Context(), r.blobs, key, strings.NewReader("sound")); err != nil {
						t.Error(err)
					}
				}
				if err := r.files.Create(t.Context(), &jobv1.File{UserId: "u", Input: &jobv1.Input{FileId: "f", BlobKey: key}}); err != nil {
					t.Error(err)
				}
			}}
			r.store = racing

			r.dispatcher(t)

			testkit.Eventually(t, "the recording is removed", racing.removed.Load)
			r.awaitFiles(t, key)
			data, err := blob.Get(t.Context(), r.blobs, key)
			if err != nil || string(data) != "sound" {
				t.Errorf("the recording holds %q, %v", data, err)
			}
		})
	}
}

// racingStore has an upload happen around the first removal of a recording. It
// hides that a Disk has temporary files, which are not the matter here.
type racingStore struct {
	blob.Store
	before  bool
	upload  func()
	once    sync.Once
	removed atomic.Bool
}

func (s *racingStore) Delete(ctx context.Context, key string) error {
	if s.before {
		s.once.Do(s.upload)
	}
	err := s.Store.Delete(ctx, key)
	if !s.before {
		s.once.Do(s.upload)
	}
	s.removed.Store(true)
	return err
}

// awaitFiles waits until these are all recordings that are stored.
func (r *rig) awaitFiles(t *testing.T, want ...string) {
	t.Helper()
	testkit.Eventually(t, "the recordings are "+strings.Join(want, " "), func() bool {
		blobs, err := r.blobs.List(t.Context(), "files")
		r.must(t, err)
		var got []string
		for _, b := range blobs {
			got = append(got, b.Key)
		}
		return strings.Join(got, " ") == strings.Join(want, " ")
	})
}

func TestDispatcher_removesUploadsThatNobodyGoesOnWith(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	expires := map[string]time.Time{"over": time.Now().Add(-time.Hour), "waiting": time.Now().Add(time.Hour)}
	var kept string
	for id, at := range expires {
		key := job.PieceBlobKey("u", id, "named")
		for _, key := range []string{key, job.PieceBlobKey("u", id, "orphan")} {
			_, err := blob.Put(t.Context(), r.blobs, key, strings.NewReader("sound"))
			r.must(t, err)
		}
		_, err := r.files.CreateUpload(t.Context(), &jobv1.Upload{
			UserId: "u", Id: id, Length: 9, Offset: 5, Pieces: []*jobv1.Piece{{Name: "named", Size: 5}}, ExpiresAt: timestamppb.New(at),
		})
		r.must(t, err)
		if id == "waiting" {
			kept = key
		}
	}

	r.dispatcher(t)

	testkit.Eventually(t, "only what is named is left", func() bool {
		left, err := r.blobs.List(t.Context(), job.UploadBlobs)
		return err == nil && len(left) == 1 && left[0].Key == kept
	})
	if _, _, err := r.files.GetUpload(t.Context(), "u", "over"); !fault.Is(err, fault.NotFound) {
		t.Errorf("the upload that is over: %v", err)
	}
	if _, _, err := r.files.GetUpload(t.Context(), "u", "waiting"); err != nil {
		t.Errorf("the upload that waits: %v", err)
	}
}

// Jobs are tried again in the moment in which what they left is cleared away.
func TestDispatcher_clearsNothingOfANewAttempt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.dispatcher(t)
	r.workers(t, 2, nil)
	var ids []string
	for range 12 {
		id := r.accept(t, "u", 2, nil)
		r.must(t, r.end(t, id, jobv1.State_STATE_CANCELLED))
		_, _, err := r.jobs.Update(t.Context(), id, func(record *jobv1.Job) error {
			job.Again(record, time.Now())
			return nil
		})
		r.must(t, err)
		ids = append(ids, id)
	}

	for _, id := range ids {
		r.await(t, id, jobv1.State_STATE_COMPLETED)
		if got := r.get(t, id); got.GetAttempt() != 2 || r.text(t, got) != "Chunk 0. Chunk 1." {
			t.Errorf("record %v", got)
		}
	}
}

// The blob of an edit is stored before the record points at it.
func TestDispatcher_leavesAnEditAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.dispatcher(t)
	r.workers(t, 1, nil)
	id := r.accept(t, "u", 1, nil)
	r.await(t, id, jobv1.State_STATE_COMPLETED)
	first := r.get(t, id).GetTranscript().GetKey()
	coming, second := job.EditBlobKey(id, 1, "coming"), job.EditBlobKey(id, 1, "second")
	for _, key := range []string{coming, second} {
		_, err := blob.Put(t.Context(), r.blobs, key, strings.NewReader("edited"))
		r.must(t, err)
	}

	_, _, err := r.jobs.Update(t.Context(), id, func(record *jobv1.Job) error {
		record.Transcript, record.TranscriptVersion = &jobv1.BlobRef{Key: second}, 2
		return nil
	})
	r.must(t, err)

	testkit.Eventually(t, "the first version is removed", func() bool {
		_, err := r.blobs.Stat(t.Context(), first)
		return errors.Is(err, blob.ErrNotFound)
	})
	for _, key := range []string{coming, second} {
		if _, err := r.blobs.Stat(t.Context(), key); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
}
