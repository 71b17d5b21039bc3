package job

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Again makes the next attempt of a record that is over: it is queued as if it had
// just been made, and nothing is left of the attempt before but its warnings.
func Again(record *jobv1.Job, now time.Time) {
	record.Attempt++
	record.State = jobv1.State_STATE_QUEUED
	record.RetriedAt = timestamppb.New(now)
	record.StartedAt, record.FinishedAt, record.Timings = nil, nil, nil
	record.Media, record.Chunks, record.Done, record.DoneMs = nil, 0, nil, 0
	record.Language, record.LeadChunk = "", 0
	record.Transcript, record.TranscriptVersion, record.Cached = nil, 0, false
	record.Error = nil
}
