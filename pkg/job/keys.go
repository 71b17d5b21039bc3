package job

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strconv"
	"strings"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Names of the buckets and of the task queue.
const (
	Bucket      = "JOBS"
	FilesBucket = "FILES"
	TaskStream  = "TASKS"
)

var tokenEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// Token makes a raw value (user, model, file id) fit for a subject or key: such
// a token holds nothing that NATS gives a meaning. "demo" becomes "MRSW23Y".
func Token(raw string) string { return tokenEncoding.EncodeToString([]byte(raw)) }

// FromToken turns a token back.
func FromToken(token string) (string, error) {
	raw, err := tokenEncoding.DecodeString(token)
	if err != nil {
		return "", fmt.Errorf("decode token %q: %w", token, err)
	}
	return string(raw), nil
}

// Keys in the JOBS bucket.

func recordKey(id string) string { return "job." + id }

func planKey(id string, attempt uint32) string { return fmt.Sprintf("plan.%s.%d", id, attempt) }

func resultKey(id string, attempt, chunk uint32) string {
	return fmt.Sprintf("res.%s.%d.%d", id, attempt, chunk)
}

func attemptsKey(t *jobv1.Task) string {
	return fmt.Sprintf("att.%s.%d.%s.%d", t.GetJobId(), t.GetAttempt(), stageToken(t.GetStage()), t.GetChunk())
}

func claimKey(userID, key string) string {
	return fmt.Sprintf("idem.%s.%x", Token(userID), sha256.Sum256([]byte(key)))
}

func fileKey(userID, fileID string) string { return Token(userID) + "." + Token(fileID) }

// uploadKey has one part more than fileKey, so that neither is taken for the other.
func uploadKey(userID, id string) string { return Token(userID) + ".upload." + id }

func stageToken(stage jobv1.Stage) string {
	if stage == jobv1.Stage_STAGE_PRE {
		return "pre"
	}
	return "asr"
}

// Subjects.

// TaskSubject is where a task is queued: tasks.v1.pre.<class>.<user>.<id>.<gen>
// or tasks.v1.asr.<model>.<user>.<id>.<gen>.<n>. model is the catalogue name.
func TaskSubject(t *jobv1.Task, model string, priority jobv1.Priority) string {
	if t.GetStage() == jobv1.Stage_STAGE_PRE {
		return fmt.Sprintf("tasks.v1.pre.%s.%s.%s.%d", className(priority), Token(t.GetUserId()), t.GetJobId(), t.GetAttempt())
	}
	return fmt.Sprintf("tasks.v1.asr.%s.%s.%s.%d.%d", Token(model), Token(t.GetUserId()), t.GetJobId(), t.GetAttempt(), t.GetChunk())
}

// TasksOf matches every queued task of a job; for purging.
func TasksOf(id string) string { return "tasks.v1.*.*.*." + id + ".>" }

// ModelTasks matches every queued chunk of a model.
func ModelTasks(model string) string { return "tasks.v1.asr." + Token(model) + ".>" }

// ProgressSubject is where notes of progress go.
func ProgressSubject(userID, id string) string {
	return "progress.v1." + Token(userID) + "." + id
}

// DeadLetterSubject is where a task that was given up is kept.
func DeadLetterSubject(t *jobv1.Task) string {
	return fmt.Sprintf("dlq.v1.%s.%s.%s.%d.%d", stageToken(t.GetStage()), Token(t.GetUserId()), t.GetJobId(), t.GetAttempt(), t.GetChunk())
}

func cancelSubject(id string) string { return "ctl.v1.cancel." + id }

func className(p jobv1.Priority) string {
	switch p {
	case jobv1.Priority_PRIORITY_HIGH:
		return "high"
	case jobv1.Priority_PRIORITY_LOW:
		return "low"
	default:
		return "normal"
	}
}

// Keys in the blob store. Ids are spread over folders by their last two
// characters, which are random in a UUIDv7; the first ones are the time.

// FileBlobKey is where a user's recording is kept, once however often it is
// uploaded. sha256 is lower-case hex.
func FileBlobKey(userID, sha256 string) string {
	return fmt.Sprintf("%s/%s/%s", FileBlobPrefix(userID), sha256[:2], sha256)
}

// FileBlobPrefix is below which all recordings of a user are kept.
func FileBlobPrefix(userID string) string { return "files/" + Token(userID) }

// UploadBlobs is below which the pieces of all uploads are kept.
const UploadBlobs = "uploads"

// UploadsBlobPrefix is below which the pieces of all uploads of a user are kept.
func UploadsBlobPrefix(userID string) string { return UploadBlobs + "/" + Token(userID) }

// UploadBlobPrefix is below which the pieces of one upload are kept.
func UploadBlobPrefix(userID, id string) string { return UploadsBlobPrefix(userID) + "/" + id }

// PieceBlobKey is where one piece of an upload is kept. Names are random, so that two
// gateways that take the same bytes at once do not write over each other.
func PieceBlobKey(userID, id, name string) string { return UploadBlobPrefix(userID, id) + "/" + name }

// BlobPrefix is below which all blobs of a job are kept.
func BlobPrefix(id string) string {
	return fmt.Sprintf("jobs/%s/%s", id[max(0, len(id)-2):], id)
}

// AttemptBlobPrefix is below which the blobs of one attempt are kept.
func AttemptBlobPrefix(id string, attempt uint32) string {
	return fmt.Sprintf("%s/%d", BlobPrefix(id), attempt)
}

// AttemptOf returns the attempt that a blob of a job belongs to; 0 for a key that is
// no such blob's.
func AttemptOf(key string) uint32 {
	parts := strings.Split(key, "/") // jobs/<xx>/<id>/<attempt>/…
	if len(parts) < 5 || parts[0] != "jobs" {
		return 0
	}
	attempt, err := strconv.ParseUint(parts[3], 10, 32)
	if err != nil {
		return 0
	}
	return uint32(attempt)
}

// ChunkBlobKey is where the PCM of a chunk is kept. The beginning of its SHA-256
// is in the key, so that two workers who made the chunk a bit differently do not
// write over each other: the plan that counts points at its own.
func ChunkBlobKey(id string, attempt, chunk uint32, sha256 string) string {
	return fmt.Sprintf("%s/chunk/%05d-%.16s", AttemptBlobPrefix(id, attempt), chunk, sha256)
}

// ResultBlobKey is where the transcript of a chunk is kept, with the beginning of
// its SHA-256 for the same reason.
func ResultBlobKey(id string, attempt, chunk uint32, sha256 string) string {
	return fmt.Sprintf("%s/result/%05d-%.16s", AttemptBlobPrefix(id, attempt), chunk, sha256)
}

// TranscriptBlobKey is where the finished transcript is kept, with the beginning
// of its SHA-256 for the same reason: dispatchers of two versions may differ.
func TranscriptBlobKey(id string, attempt uint32, sha256 string) string {
	return fmt.Sprintf("%s/transcript-%.16s", AttemptBlobPrefix(id, attempt), sha256)
}

// idOf returns the job id in a key of the JOBS bucket, the part after the first
// dot.
func idOf(key string) string {
	_, rest, _ := strings.Cut(key, ".")
	id, _, _ := strings.Cut(rest, ".")
	return id
}
