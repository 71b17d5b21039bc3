package transcripts_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/fault"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/transcripts"
)

// noCache is a cache service that is down.
type noCache struct{ cachev1.CacheServiceClient }

var errDown = fault.New(fault.Unavailable, "down", "Down.")

func (noCache) Get(context.Context, *cachev1.GetRequest, ...grpc.CallOption) (*cachev1.GetResponse, error) {
	return nil, errDown
}

func (noCache) Set(context.Context, *cachev1.SetRequest, ...grpc.CallOption) (*cachev1.SetResponse, error) {
	return nil, errDown
}

// archive is a history service with one transcript.
type archive struct {
	historyv1.HistoryServiceClient
	kept *jobv1.Transcript
}

func (a archive) GetTranscript(context.Context, *historyv1.GetTranscriptRequest, ...grpc.CallOption) (*historyv1.GetTranscriptResponse, error) {
	return &historyv1.GetTranscriptResponse{Transcript: a.kept}, nil
}

// slowBlobs counts opened blobs, and opens none before release is closed.
type slowBlobs struct {
	blob.Store
	opened  atomic.Int32
	release chan struct{}
}

func (s *slowBlobs) Open(ctx context.Context, key string) (io.ReadSeekCloser, blob.Info, error) {
	s.opened.Add(1)
	<-s.release
	return s.Store.Open(ctx, key)
}

// stored keeps a transcript as a blob and returns the job that points at it.
func stored(t *testing.T, text string) (*blob.Disk, *jobv1.Job) {
	t.Helper()
	blobs, err := blob.NewDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	data, err := proto.Marshal(transcript(text))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := blob.Put(t.Context(), blobs, "t/1", bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	return blobs, &jobv1.Job{Id: "j", Attempt: 1, Transcript: &jobv1.BlobRef{Key: "t/1", Sha256: hex.EncodeToString(sum[:])}}
}

func transcript(text string) *jobv1.Transcript {
	return &jobv1.Transcript{Segments: []*jobv1.Segment{{Text: text}}}
}

func newReader(blobs blob.Store) *transcripts.Reader {
	return &transcripts.Reader{
		Blobs: blobs, History: archive{kept: transcript("from the history")}, Cache: noCache{}, Log: slog.New(slog.DiscardHandler),
	}
}

func TestReader_worksWithoutTheCache(t *testing.T) {
	t.Parallel()
	blobs, record := stored(t, "from the blob")
	got, err := newReader(blobs).Read(t.Context(), record)
	if err != nil || !proto.Equal(got, transcript("from the blob")) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestReader_neverTrustsADamagedBlob(t *testing.T) {
	t.Parallel()
	blobs, record := stored(t, "from the blob")
	if _, err := blob.Put(t.Context(), blobs, "t/1", bytes.NewReader([]byte("\x1a\x05\x1a\x03bad"))); err != nil {
		t.Fatal(err)
	}
	got, err := newReader(blobs).Read(t.Context(), record)
	if err != nil || !proto.Equal(got, transcript("from the history")) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestReader_neverTrustsABlobWithoutASum(t *testing.T) {
	t.Parallel()
	blobs, record := stored(t, "from the blob")
	record.Transcript.Sha256 = ""
	got, err := newReader(blobs).Read(t.Context(), record)
	if err != nil || !proto.Equal(got, transcript("from the history")) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestReader_asksTheHistoryWhenTheBlobIsGone(t *testing.T) {
	t.Parallel()
	blobs, record := stored(t, "from the blob")
	if err := blobs.Delete(t.Context(), "t/1"); err != nil {
		t.Fatal(err)
	}
	got, err := newReader(blobs).Read(t.Context(), record)
	if err != nil || !proto.Equal(got, transcript("from the history")) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestReader_readsOnceForAllAndOutlivesWhoLeaves(t *testing.T) {
	t.Parallel()
	disk, record := stored(t, "from the blob")
	synctest.Test(t, func(t *testing.T) {
		blobs := &slowBlobs{Store: disk, release: make(chan struct{})}
		reader := newReader(blobs)
		leaving, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				got, err := reader.Read(leaving, record)
				if err != nil || got.GetSegments()[0].GetText() != "from the blob" {
					t.Errorf("got %v, %v", got, err)
				}
			})
		}
		synctest.Wait() // until all wait for the one that reads

		leave()
		close(blobs.release)
		all.Wait()

		if n := blobs.opened.Load(); n != 1 {
			t.Errorf("opened %d times", n)
		}
	})
}
