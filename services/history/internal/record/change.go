// Package record is what the history stores keep, in a form that is the same
// for every database: changes of jobs and the columns made of them, pages and
// positions in them, and users.
package record

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Deleted is the status of a tombstone: a row that only keeps the revision, so
// that an older event that comes late cannot bring the job back.
const Deleted = "deleted"

// Change is one event of the job feed.
type Change struct {
	Job      *jobv1.Job
	Revision uint64 // of the record in JOBS; grows with every change
	// Transcript is the result of a completed job; nil for every other state,
	// and when the blob is gone.
	Transcript *jobv1.Transcript
}

// Row is a job as columns. Times are microseconds since 1970 UTC, 0 if unset.
type Row struct {
	ID         string
	UserID     string
	Attempt    uint32
	Status     string
	Priority   string
	Model      string // catalogue name
	Language   string // of the transcript; what was asked for until it is known
	FileName   string
	FileID     string
	DurationMS int64
	CreatedAt  int64
	StartedAt  int64
	FinishedAt int64
	ErrorCode  string
	Revision   uint64
	Record     []byte // the whole job.v1.Job
	ChargedMS  int64  // how much of it is counted as usage; set by Fold
	// TranscriptVersion is that of the newest transcript, from 1.
	TranscriptVersion uint32
}

// RowOf turns a change into columns. Of a deleted job only identity, owner and
// revision remain. The error says what makes the record unusable; such a change
// can never be stored.
func RowOf(change Change) (Row, error) {
	job := change.Job
	status, err := StatusOf(job.GetState())
	switch {
	case err != nil:
		return Row{}, fmt.Errorf("record %s: %w", job.GetId(), err)
	case job.GetId() == "" || job.GetUserId() == "":
		return Row{}, fmt.Errorf("record %q of user %q: id or owner is missing", job.GetId(), job.GetUserId())
	case strings.ContainsRune(job.GetId()+job.GetUserId(), 0): // no text for PostgreSQL
		return Row{}, fmt.Errorf("record %q of user %q: a zero byte in id or owner", job.GetId(), job.GetUserId())
	case change.Revision == 0:
		return Row{}, fmt.Errorf("record %s: no revision", job.GetId())
	}
	row := Row{ID: job.GetId(), UserID: job.GetUserId(), Attempt: job.GetAttempt(), Status: status,
		Priority: priorityOf(job), CreatedAt: micros(job.GetCreatedAt()), Revision: change.Revision, Record: []byte{},
		TranscriptVersion: max(1, job.GetTranscriptVersion())}
	if status == Deleted {
		return row, nil
	}
	return fill(row, job)
}

func fill(row Row, job *jobv1.Job) (Row, error) {
	body, err := proto.Marshal(job)
	if err != nil {
		return Row{}, fmt.Errorf("encode job %s: %w", row.ID, err)
	}
	row.Record = body
	row.Model = job.GetOptions().GetResolvedModel()
	row.Language = job.GetLanguage()
	if row.Language == "" {
		row.Language = job.GetOptions().GetLanguage()
	}
	row.FileName = job.GetInput().GetName()
	row.FileID = job.GetInput().GetFileId()
	row.DurationMS = job.GetMedia().GetDurationMs()
	row.StartedAt = micros(job.GetStartedAt())
	row.FinishedAt = micros(job.GetFinishedAt())
	row.ErrorCode = job.GetError().GetCode()
	return row, nil
}

// StatusOf is the text of a state: "queued" and so on. States that this build
// does not know are an error.
func StatusOf(state jobv1.State) (string, error) {
	name, known := jobv1.State_name[int32(state)]
	if !known || state == jobv1.State_STATE_UNSPECIFIED {
		return "", fmt.Errorf("unknown state %d", state)
	}
	return strings.ToLower(strings.TrimPrefix(name, "STATE_")), nil
}

// Text is the words of a transcript, a segment a line, for searching.
func Text(transcript *jobv1.Transcript) string {
	lines := make([]string, 0, len(transcript.GetSegments()))
	for _, segment := range transcript.GetSegments() {
		lines = append(lines, segment.GetText())
	}
	return strings.Join(lines, "\n")
}

func priorityOf(job *jobv1.Job) string {
	switch job.GetOptions().GetPriority() {
	case jobv1.Priority_PRIORITY_LOW:
		return "low"
	case jobv1.Priority_PRIORITY_HIGH:
		return "high"
	default:
		return "normal"
	}
}

func micros(t *timestamppb.Timestamp) int64 {
	if t == nil {
		return 0
	}
	return t.AsTime().UnixMicro()
}
