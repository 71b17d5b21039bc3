package preprocess

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/audiotest"
	"github.com/stenomesh/stenomesh/services/preprocess/internal/pcm"
)

func TestService_cutsARecordingIntoChunks(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start(t, nil)
	record := r.accept(t, audiotest.Sample(t, "stereo-call.flac"))

	r.queue(t, record)
	record = r.await(t, record)

	plan := r.plan(t, record)
	if record.GetState() != jobv1.State_STATE_TRANSCRIBING || record.GetChunks() != 2 || len(plan.GetChunks()) != 2 {
		t.Fatalf("the job is %v by plan %v", record, plan)
	}
	if media := record.GetMedia(); media.GetCodec() != "flac" || media.GetChannels() != 2 || media.GetDurationMs() != 37_447 {
		t.Errorf("media is %v", media)
	}
	for n, chunk := range plan.GetChunks() {
		audio, err := blob.Get(t.Context(), r.blobs, chunk.GetAudio().GetKey())
		sum := sha256.Sum256(audio)
		if err != nil || chunk.GetAudio().GetSha256() != hex.EncodeToString(sum[:]) {
			t.Errorf("chunk %d: the blob is not what the plan says: %v", n, err)
		}
		if want := (chunk.GetEndMs() - chunk.GetStartMs()) * pcm.BytesPerMs; int64(len(audio)) != want || chunk.GetAudio().GetSize() != want {
			t.Errorf("chunk %d has %d bytes, want %d", n, len(audio), want)
		}
	}
	if record.GetLeadChunk() != 0 || len(record.GetTimings()) != 2 || len(record.GetWarnings()) != 1 {
		t.Errorf("lead chunk %d, timings %v, warnings %q", record.GetLeadChunk(), record.GetTimings(), record.GetWarnings())
	}
	r.nothingLeft(t)
}

func TestService_sendsSilenceStraightToTheEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start(t, nil)
	record := r.accept(t, audiotest.Make(t, "wav", "-f", "lavfi", "-i", "anullsrc=r=16000", "-t", "5"))

	r.queue(t, record)
	record = r.await(t, record)

	if record.GetState() != jobv1.State_STATE_ASSEMBLING || record.GetChunks() != 0 || record.GetMedia().GetDurationMs() != 5000 {
		t.Errorf("the job is %v", record)
	}
	if plan := r.plan(t, record); len(plan.GetChunks()) != 0 {
		t.Errorf("the plan is %v", plan)
	}
}

func TestService_failsBadRecordingsAndLeavesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start(t, nil)
	text := filepath.Join(t.TempDir(), "text.mp3")
	if err := os.WriteFile(text, []byte(strings.Repeat("No sound.\n", 9000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for code, path := range map[string]string{
		"unsupported_media": text,
		"no_audio_stream":   audiotest.Make(t, "mp4", "-f", "lavfi", "-i", "testsrc=d=1:s=64x64:r=5"),
		"empty_audio":       audiotest.Make(t, "wav", "-f", "lavfi", "-i", "sine=d=0.1"),
	} {
		record := r.accept(t, path)

		r.queue(t, record)
		record = r.await(t, record)

		if record.GetState() != jobv1.State_STATE_FAILED || record.GetError().GetCode() != code || record.GetError().GetMessage() == "" {
			t.Errorf("%s: the job is %v", code, record)
		}
		if blobs := r.chunkBlobs(t, record); len(blobs) != 0 {
			t.Errorf("%s: left in the blob store: %v", code, blobs)
		}
	}
	r.nothingLeft(t)
}

func TestService_failsAJobWhoseRecordingIsGone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start(t, nil)
	record := r.accept(t, audiotest.Sample(t, "en-01.flac"))
	if err := r.blobs.Delete(t.Context(), record.GetInput().GetBlobKey()); err != nil {
		t.Fatal(err)
	}

	r.queue(t, record)
	record = r.await(t, record)

	if record.GetState() != jobv1.State_STATE_FAILED || record.GetError().GetCode() != "file_not_found" {
		t.Errorf("the job is %v", record)
	}
}

func TestService_warnsOfATruncatedRecording(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start(t, nil)
	whole, err := os.ReadFile(audiotest.Sample(t, "en-10.flac"))
	if err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(t.TempDir(), "half.flac")
	if err := os.WriteFile(half, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	record := r.accept(t, half)

	r.queue(t, record)
	record = r.await(t, record)

	if record.GetState() != jobv1.State_STATE_TRANSCRIBING || len(record.GetWarnings()) != 2 {
		t.Errorf("the job is %v", record)
	}
}

func TestService_readsFromAStoreThatIsNoFolder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.blobs = remote{r.blobs}
	r.start(t, nil)
	record := r.accept(t, audiotest.Sample(t, "en-01.flac"))

	r.queue(t, record)
	record = r.await(t, record)

	if record.GetState() != jobv1.State_STATE_TRANSCRIBING {
		t.Errorf("the job is %v", record)
	}
	r.nothingLeft(t)
}

// remote hides that blobs are files.
type remote struct{ blob.Store }

func TestService_keepsALongPlanWithinAMessage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	// A plan of 24 hours, with as many stretches of speech as are kept.
	plan := &jobv1.Plan{JobId: "0198c0de-0000-7000-8000-000000000001", Attempt: 1}
	for n := range uint32(800) {
		key := job.ChunkBlobKey(plan.GetJobId(), 1, n, strings.Repeat("a", 64))
		chunk := &jobv1.Chunk{
			Number: n, StartMs: 86_000_000, EndMs: 86_400_000, OverlapMs: 11_000,
			Audio: &jobv1.BlobRef{Key: key, Sha256: strings.Repeat("a", 64), Size: 4_000_000},
		}
		for range 15_000 / 800 {
			chunk.Speech = append(chunk.Speech, &jobv1.Span{StartMs: 86_000_000, EndMs: 86_400_000})
		}
		plan.Chunks = append(plan.Chunks, chunk)
	}

	if err := r.jobs.CreatePlan(t.Context(), plan); err != nil {
		t.Errorf("a plan of %d bytes: %v", proto.Size(plan), err)
	}
}

// sameCuts reports whether two plans of different jobs hold the same chunks.
func sameCuts(t *testing.T, one, other *jobv1.Plan) bool {
	t.Helper()
	a, b := proto.CloneOf(one), proto.CloneOf(other)
	b.JobId = a.GetJobId()
	for _, plan := range []*jobv1.Plan{a, b} {
		for _, chunk := range plan.GetChunks() {
			chunk.Audio.Key = ""
		}
	}
	x, errX := proto.MarshalOptions{Deterministic: true}.Marshal(a)
	y, errY := proto.MarshalOptions{Deterministic: true}.Marshal(b)
	if errX != nil || errY != nil {
		t.Fatal(errX, errY)
	}
	return bytes.Equal(x, y)
}
