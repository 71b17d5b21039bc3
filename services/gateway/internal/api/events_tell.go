package api

import (
	"encoding/json"
	"math"
	"time"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render"
	"github.com/stenomesh/stenomesh/services/gateway/internal/segments"
	"github.com/stenomesh/stenomesh/services/gateway/internal/sse"
)

// progressTime is how long at least lies between two events of progress: who reads
// slowly is told the newest, not all.
const progressTime = time.Second

// teller makes events of news.
type teller struct {
	stream   *sse.Stream
	attempt  uint32 // told last, with state and progress
	state    jobv1.State
	progress float64
	moved    time.Time // when progress was told
	wrote    time.Time // when anything was
}

type progressView struct {
	Progress float64 `json:"progress"` // 0 to 1
	Stage    string  `json:"stage"`
}

type endView struct {
	statusView
	Segments int `json:"segments"` // that were told in this attempt
}

type failureView struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Status  string `json:"status"`
}

// tell writes what a client has not heard: first where the job stands, then the new
// segments, then how far it is, or that it has ended. The error says that the client is
// gone.
func (t *teller) tell(news segments.News) error {
	now := time.Now()
	record, at := news.Entry.Job, news.Mark.Sent-len(news.Segments)
	fresh := t.attempt != record.GetAttempt() || t.state != record.GetState()
	t.attempt, t.state = record.GetAttempt(), record.GetState()
	wrote := t.wrote
	if fresh && !job.Terminal(t.state) {
		if err := t.write(now, "status", at, statusOf(news.Entry)); err != nil {
			return err
		}
		t.progress, t.moved = rounded(news.Entry.Progress), now // it is in the status
	}
	for i, segment := range news.Segments {
		data, err := render.Segment(at+i, segment, record.GetOptions().GetWordTimestamps())
		if err != nil {
			return err
		}
		if err := t.event(now, "segment", placeID(t.attempt, at+i+1), data); err != nil {
			return err
		}
	}
	if err := t.tellRest(now, news); err != nil {
		return err
	}
	if t.wrote.Equal(wrote) {
		return nil
	}
	return t.stream.Flush()
}

// tellRest writes what follows the segments.
func (t *teller) tellRest(now time.Time, news segments.News) error {
	switch progress := rounded(news.Entry.Progress); {
	case news.Ended:
		return t.end(now, news)
	case !job.Terminal(t.state) && progress > t.progress && now.Sub(t.moved) >= progressTime:
		t.progress, t.moved = progress, now
		return t.write(now, "progress", news.Mark.Sent, progressView{progress, stageName(t.state)})
	case now.Sub(t.wrote) >= segments.Beat-time.Second:
		t.wrote = now
		return t.stream.Comment()
	}
	return nil
}

// end writes the last event.
func (t *teller) end(now time.Time, news segments.News) error {
	name, view := "error", any(failureOf(news.Entry.Job))
	if t.state == jobv1.State_STATE_COMPLETED {
		name, view = "done", endView{statusOf(news.Entry), news.Mark.Sent}
	}
	data, err := json.Marshal(view)
	if err != nil {
		return err
	}
	return t.event(now, name, placeID(t.attempt, news.Mark.Sent)+endMark, data)
}

func failureOf(record *jobv1.Job) failureView {
	view := failureView{Status: statusName(record.GetState())}
	switch record.GetState() {
	case jobv1.State_STATE_FAILED:
		view.Code, view.Message = record.GetError().GetCode(), record.GetError().GetMessage()
	case jobv1.State_STATE_CANCELLED:
		view.Code, view.Message = "job_cancelled", "The task was cancelled."
	default:
		view.Code, view.Message, view.Status = "task_not_found", "The task was deleted.", "deleted"
	}
	return view
}

func (t *teller) write(now time.Time, name string, sent int, view any) error {
	data, err := json.Marshal(view)
	if err != nil {
		return err
	}
	return t.event(now, name, placeID(t.attempt, sent), data)
}

func (t *teller) event(now time.Time, name, id string, data []byte) error {
	t.wrote = now
	return t.stream.Event(name, id, data)
}

func rounded(progress float64) float64 { return math.Round(progress*1000) / 1000 }
