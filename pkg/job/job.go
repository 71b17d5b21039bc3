// Package job is the life of a job as data: its record and the facts beside it
// in the bus, who may change them and how, and the names under which all of it
// is kept. The generated messages of proto/job/v1 are the domain types.
//
// The record under job.<id> in the JOBS bucket is the truth. It is changed only
// by compare-and-set, through Store.Update. The plan and the results beside it
// are written once and never changed. Tasks in the queue are hints: one that is
// lost is made again from the record, one that comes twice finds its work done.
package job

import (
	"math/bits"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// NewID returns a UUIDv7, for example "0198c0de-7c1a-7b3e-9a51-3f1d2c4b5a69":
// ids sort by the time they were made.
func NewID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	return id.String(), nil
}

// Terminal reports whether nothing more happens to a job in this state, short
// of a retry or a deletion.
func Terminal(state jobv1.State) bool {
	switch state {
	case jobv1.State_STATE_COMPLETED, jobv1.State_STATE_FAILED,
		jobv1.State_STATE_CANCELLED, jobv1.State_STATE_DELETED:
		return true
	default:
		return false
	}
}

// stageNames are the timings that a user sees, by the state that was left.
var stageNames = map[jobv1.State]string{
	jobv1.State_STATE_QUEUED:        "queued",
	jobv1.State_STATE_PREPROCESSING: "preprocessing",
	jobv1.State_STATE_TRANSCRIBING:  "transcribing",
	jobv1.State_STATE_ASSEMBLING:    "assembling",
}

// Advance moves a record to a later state and notes how long it stood in the
// one it leaves. Advancing to the state it is in changes nothing.
func Advance(record *jobv1.Job, to jobv1.State, now time.Time) {
	if record.GetState() == to {
		return
	}
	if name, ok := stageNames[record.GetState()]; ok {
		record.Timings = append(record.Timings, &jobv1.Timing{
			Stage:      name,
			DurationMs: max(0, now.Sub(stageBegan(record)).Milliseconds()),
		})
	}
	record.State = to
	if record.StartedAt == nil && to != jobv1.State_STATE_QUEUED && !Terminal(to) {
		record.StartedAt = timestamppb.New(now)
	}
	if Terminal(to) && record.FinishedAt == nil {
		record.FinishedAt = timestamppb.New(now)
	}
}

// stageBegan is when the current stage began: the attempt's beginning plus all stages
// before.
func stageBegan(record *jobv1.Job) time.Time {
	began := record.GetCreatedAt().AsTime()
	if again := record.GetRetriedAt(); again != nil {
		began = again.AsTime()
	}
	for _, t := range record.GetTimings() {
		began = began.Add(time.Duration(t.GetDurationMs()) * time.Millisecond)
	}
	return began
}

// SetDone marks chunk n as having a result. It reports whether that is news.
func SetDone(record *jobv1.Job, n uint32) bool {
	if IsDone(record, n) || n >= record.GetChunks() {
		return false
	}
	if need := int(record.GetChunks()+7) / 8; len(record.Done) < need {
		record.Done = append(record.Done, make([]byte, need-len(record.Done))...)
	}
	record.Done[n/8] |= 1 << (n % 8)
	return true
}

// IsDone reports whether chunk n has a result.
func IsDone(record *jobv1.Job, n uint32) bool {
	done := record.GetDone()
	return int(n/8) < len(done) && done[n/8]&(1<<(n%8)) != 0
}

// CountDone returns how many chunks have a result.
func CountDone(record *jobv1.Job) uint32 {
	var n int
	for _, b := range record.GetDone() {
		n += bits.OnesCount8(b)
	}
	return uint32(n)
}

// AllDone reports whether every chunk has a result; true without chunks.
func AllDone(record *jobv1.Job) bool { return CountDone(record) == record.GetChunks() }
