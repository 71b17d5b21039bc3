package api

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render"
)

// stamp is a time as the API writes it: RFC 3339 in UTC, to the millisecond.
type stamp time.Time

// MarshalJSON writes, for example, "2026-01-02T15:04:05.678Z".
func (s stamp) MarshalJSON() ([]byte, error) {
	return []byte(time.Time(s).UTC().Format(`"2006-01-02T15:04:05.000Z"`)), nil
}

// stampOf returns nil, which is written as null, for a time that is not set.
func stampOf(t *timestamppb.Timestamp) *stamp {
	if t == nil {
		return nil
	}
	s := stamp(t.AsTime())
	return &s
}

// seconds is a length in milliseconds that is written in seconds.
type seconds = render.Seconds

// statusView is what a client sees of a job while it waits. Fields that are not
// known yet are null.
type statusView struct {
	TaskID     string     `json:"task_id"`
	Status     string     `json:"status"`
	Stage      string     `json:"stage"`
	Progress   float64    `json:"progress"` // 0 to 1
	Position   *int       `json:"position"` // jobs before it in the queue
	Model      string     `json:"model"`
	Language   string     `json:"language"`
	FileID     string     `json:"file_id"`
	FileName   string     `json:"file_name"`
	Duration   *seconds   `json:"duration_seconds"`
	CreatedAt  *stamp     `json:"created_at"`
	StartedAt  *stamp     `json:"started_at"`
	FinishedAt *stamp     `json:"finished_at"`
	Error      *errorView `json:"error"`
	Cached     bool       `json:"cached"`
	Attempt    uint32     `json:"attempt"`
	Revision   uint64     `json:"revision,omitempty"` // for ?since=
}

type errorView struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func statusOf(e index.Entry) statusView {
	record := e.Job
	view := statusView{
		TaskID: record.GetId(), Status: statusName(record.GetState()), Stage: stageName(record.GetState()),
		Progress: rounded(e.Progress),
		Model:    record.GetOptions().GetResolvedModel(), Language: record.GetLanguage(),
		FileID: record.GetInput().GetFileId(), FileName: record.GetInput().GetName(),
		CreatedAt: stampOf(record.GetCreatedAt()), StartedAt: stampOf(record.GetStartedAt()),
		FinishedAt: stampOf(record.GetFinishedAt()), Error: errorOf(record.GetError()),
		Cached: record.GetCached(), Attempt: record.GetAttempt(), Revision: e.Revision,
	}
	if view.Language == "" {
		view.Language = record.GetOptions().GetLanguage()
	}
	if ms := record.GetMedia().GetDurationMs(); ms > 0 {
		length := seconds(ms)
		view.Duration = &length
	}
	return view
}

func errorOf(e *jobv1.Error) *errorView {
	if e == nil {
		return nil
	}
	return &errorView{Code: e.GetCode(), Message: e.GetMessage()}
}

var stageNames = map[jobv1.State]string{
	jobv1.State_STATE_QUEUED:        "queued",
	jobv1.State_STATE_PREPROCESSING: "preprocessing",
	jobv1.State_STATE_TRANSCRIBING:  "transcribing",
	jobv1.State_STATE_ASSEMBLING:    "assembling",
	jobv1.State_STATE_COMPLETED:     "completed",
	jobv1.State_STATE_FAILED:        "failed",
	jobv1.State_STATE_CANCELLED:     "cancelled",
}

func stageName(state jobv1.State) string { return stageNames[state] }

// statusName is the stage, but for assembling, which the API counts as
// transcribing.
func statusName(state jobv1.State) string {
	if state == jobv1.State_STATE_ASSEMBLING {
		state = jobv1.State_STATE_TRANSCRIBING
	}
	return stageNames[state]
}
