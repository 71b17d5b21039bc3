package dispatcher_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// TestDispatcher_erasesAUser has two users with jobs in every state; one of them is
// to be erased while chunks are being transcribed, and nothing of the other is touched.
func TestDispatcher_erasesAUser(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cfg.Sweep, r.cfg.Settle = slowConfig().Sweep, 5*time.Second // what a worker stores late is its own to remove
	r.dispatcher(t)
	started, release := make(chan struct{}, 8), make(chan struct{})
	r.workers(t, 2, func(ctx context.Context, task *jobv1.Task) error {
		if task.GetStage() == jobv1.Stage_STAGE_ASR && len(r.get(t, task.GetJobId()).GetOptions().GetPrompt()) > 0 {
			started <- struct{}{}
			select {
			case <-release: // it finishes what it has in hand, although nobody wants it any more
			case <-ctx.Done():
			}
		}
		return nil
	})
	anns, bobs := r.possessions(t, "ann"), r.possessions(t, "bob")
	slow := r.accept(t, "ann", 1, func(record *jobv1.Job) { record.Options.Prompt = "slowly" })
	<-started

	r.order(t, "ann")
	testkit.Eventually(t, "the work has stopped for good", func() bool {
		_, _, err := r.jobs.Get(t.Context(), slow)
		return fault.Is(err, fault.NotFound)
	})
	close(release)
	testkit.Eventually(t, "a worker has stored what nobody wants", func() bool { return len(r.leftovers(t, slow)) > 0 })

	r.awaitErased(t, "ann")
	r.wantNothingOf(t, "ann", append(anns, slow)...)
	for _, id := range bobs {
		if got := r.get(t, id).GetState(); got != jobv1.State_STATE_COMPLETED && got != jobv1.State_STATE_CANCELLED {
			t.Errorf("a job of somebody else is %v", got)
		}
	}
	if _, err := r.files.Get(t.Context(), "bob", "f"); err != nil {
		t.Errorf("a file of somebody else: %v", err)
	}
	if _, err := r.blobs.Stat(t.Context(), job.FileBlobKey("bob", "aabbcc")); err != nil {
		t.Errorf("a recording of somebody else: %v", err)
	}
}

// TestDispatcher_erasesAUserInSpiteOfEverything breaks each step for some time, and
// puts another dispatcher in the place of the one that is at it.
func TestDispatcher_erasesAUserInSpiteOfEverything(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	stop := r.dispatcher(t)
	r.workers(t, 1, nil)
	anns := r.possessions(t, "ann")
	r.history.down.Store(true)
	r.history.behind.Store(true)
	r.cache.down.Store(true)

	r.order(t, "ann")
	asked := r.history.erasures.Load()
	testkit.Eventually(t, "it tries while the history is down", func() bool { return r.history.erasures.Load() > asked+1 })
	stop()
	r.dispatcher(t)
	r.history.down.Store(false)
	testkit.Eventually(t, "it tries while the cache is down", func() bool { return r.cache.asked.Load() > 1 })
	r.cache.down.Store(false)
	asked = r.history.erasures.Load()
	testkit.Eventually(t, "it waits while the history is behind", func() bool { return r.history.erasures.Load() > asked+20 })
	if r.finished(t, "ann") {
		t.Error("it is over though the history does not know of the deletions")
	}
	for _, id := range anns {
		record := r.get(t, id)
		if record.GetState() != jobv1.State_STATE_DELETED || record.GetInput() != nil || record.GetOptions() != nil {
			t.Errorf("a tombstone with contents: %v", record)
		}
	}
	r.history.behind.Store(false)

	r.awaitErased(t, "ann")
	r.wantNothingOf(t, "ann", anns...)
}

// TestDispatcher_erasesWhatComesLate accepts a job and a file of a user who was erased,
// as a gateway might that was cut off.
func TestDispatcher_erasesWhatComesLate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cfg.Settle = 0
	r.dispatcher(t)
	r.order(t, "ann")
	r.awaitErased(t, "ann")

	r.keepFile(t, "ann")
	late := r.accept(t, "ann", 1, nil)

	r.awaitPurged(t, late)
	testkit.Eventually(t, "the file is gone", func() bool {
		_, err := r.files.Get(t.Context(), "ann", "f")
		return fault.Is(err, fault.NotFound)
	})
	testkit.Eventually(t, "the recording is gone", func() bool { return len(r.traces(t, "ann", late)) == 0 })
}

// possessions makes a file and jobs of a user: one completed, one cancelled. There
// are a dead letter, a note of progress and a claim, too.
func (r *rig) possessions(t *testing.T, user string) (ids []string) {
	t.Helper()
	r.keepFile(t, user)
	done, cancelled := r.accept(t, user, 2, called), r.accept(t, user, 1, func(record *jobv1.Job) {
		record.State, record.FinishedAt = jobv1.State_STATE_CANCELLED, timestamppb.Now()
	})
	r.await(t, done, jobv1.State_STATE_COMPLETED)
	letter := job.DeadLetterSubject(&jobv1.Task{JobId: done, UserId: user, Attempt: 1, Stage: jobv1.Stage_STAGE_ASR})
	for _, subject := range []string{letter, job.ProgressSubject(user, done)} {
		if _, err := r.JS.Publish(t.Context(), subject, []byte("words of "+user)); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := r.jobs.Claim(t.Context(), user, "key", &jobv1.Claim{})
	r.must(t, err)
	r.history.had(user, done, cancelled)
	return []string{done, cancelled}
}

func (r *rig) keepFile(t *testing.T, user string) {
	t.Helper()
	key := job.FileBlobKey(user, "aabbcc")
	if _, err := blob.Put(t.Context(), r.blobs, key, strings.NewReader("sound of "+user)); err != nil {
		t.Fatal(err)
	}
	r.must(t, r.files.Create(t.Context(), &jobv1.File{UserId: user, Input: &jobv1.Input{FileId: "f", BlobKey: key}}))
}

// order does what the gateway does when an administrator deletes a user.
func (r *rig) order(t *testing.T, user string) {
	t.Helper()
	r.must(t, r.jobs.OrderErasure(t.Context(), &accountv1.Erasure{UserId: user, OrderedBy: "boss", OrderedAt: timestamppb.Now()}))
}

// finished reports whether an erasure is over.
func (r *rig) finished(t *testing.T, user string) (over bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_ = r.jobs.FollowErasures(ctx, func(order *accountv1.Erasure) {
		if order.GetUserId() == user {
			over = order.GetFinishedAt() != nil
		}
	}, cancel)
	return over
}

func (r *rig) awaitErased(t *testing.T, user string) {
	t.Helper()
	testkit.Eventually(t, user+" is erased", func() bool { return r.finished(t, user) })
}

// wantNothingOf fails the test for everything that is left of a user and its jobs.
func (r *rig) wantNothingOf(t *testing.T, user string, ids ...string) {
	t.Helper()
	for _, trace := range r.traces(t, user, ids...) {
		t.Errorf("left: %s", trace)
	}
	for _, id := range r.history.kept(user) {
		if !slices.Contains(r.cache.dropped(), job.CachedTranscripts(id)) {
			t.Errorf("job %s is left in the cache", id)
		}
	}
}

// traces lists the subjects of all streams and the keys of all blobs that name a user
// or one of the jobs. The order itself, and the marks of records that are gone, stay.
func (r *rig) traces(t *testing.T, user string, ids ...string) (found []string) {
	t.Helper()
	names := func(text string) bool {
		return strings.Contains(text, job.Token(user)) || slices.ContainsFunc(ids, func(id string) bool { return strings.Contains(text, id) })
	}
	for _, name := range []string{bus.StreamJobs, bus.StreamFiles, bus.StreamTasks, bus.StreamDead, bus.StreamProgress, bus.StreamHooks} {
		stream, err := r.JS.Stream(t.Context(), name)
		r.must(t, err)
		info, err := stream.Info(t.Context(), jetstream.WithSubjectFilter(">"))
		r.must(t, err)
		for subject := range info.State.Subjects {
			if names(subject) && !strings.HasPrefix(subject, "$KV.JOBS.erase.") && !strings.HasPrefix(subject, "$KV.JOBS.job.") {
				found = append(found, subject)
			}
		}
	}
	for _, id := range ids {
		if _, _, err := r.jobs.Get(t.Context(), id); !fault.Is(err, fault.NotFound) {
			found = append(found, "record of "+id)
		}
	}
	blobs, err := r.blobs.List(t.Context(), "files")
	r.must(t, err)
	pieces, err := r.blobs.List(t.Context(), "jobs")
	r.must(t, err)
	for _, b := range append(blobs, pieces...) {
		if names(b.Key) {
			found = append(found, b.Key)
		}
	}
	return found
}

// shelf is a cache that notes what it was to drop.
type shelf struct {
	cachev1.UnimplementedCacheServiceServer
	down  atomic.Bool
	asked atomic.Int64

	mu       sync.Mutex
	prefixes []string
}

func (s *shelf) Delete(_ context.Context, req *cachev1.DeleteRequest) (*cachev1.DeleteResponse, error) {
	s.asked.Add(1)
	if s.down.Load() {
		return nil, fault.New(fault.Unavailable, "cache_down", "Try again later.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prefixes = append(s.prefixes, req.GetPrefixes()...)
	return &cachev1.DeleteResponse{}, nil
}

func (s *shelf) dropped() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.prefixes)
}
