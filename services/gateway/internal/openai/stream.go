package openai

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"strings"
	"time"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
	"github.com/stenomesh/stenomesh/services/gateway/internal/render"
)

// heartbeat is how long a stream is silent at most, so that nobody between takes it
// for dead.
const heartbeat = 15 * time.Second

// stream is an answer in events: pieces of the text as they come, which put together
// are the text of the last event.
type stream struct {
	w     http.ResponseWriter
	order order
	talk  talk
	text  strings.Builder // told so far
	begun bool
}

// told is one item of a source of segments.
type told struct {
	segment *jobv1.Segment
	err     error
}

// stream answers with events. An error before the first of them is answered as such;
// a later one is the last event.
func (a *API) stream(w http.ResponseWriter, r *http.Request, o order, e index.Entry) error {
	s := &stream{w: w, order: o, talk: talk{speakers: newSpeakers(o.names)}}
	ctx, cancel := context.WithCancel(r.Context())
	segments := a.listen(ctx, e)
	defer func() {
		cancel()
		for range segments { // the source has ended when it is closed
		}
	}()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case next, more := <-segments:
			switch {
			case !more:
				return a.finish(ctx, s, e)
			case next.err != nil:
				return a.fail(s, next.err)
			}
			s.tell(next.segment)
		case <-beat.C:
			s.write(": ping\n\n")
		}
	}
}

// listen reads the source of a job's segments until ctx ends; the channel is closed
// when it has ended.
func (a *API) listen(ctx context.Context, e index.Entry) <-chan told {
	source := a.Segments
	if source == nil {
		source = a.finished
	}
	segments := make(chan told)
	go func() {
		defer close(segments)
		for segment, err := range source(ctx, e) {
			select {
			case segments <- told{segment, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return segments
}

// finished tells the segments of a job when it is completed.
func (a *API) finished(ctx context.Context, e index.Entry) iter.Seq2[*jobv1.Segment, error] {
	return func(yield func(*jobv1.Segment, error) bool) {
		_, transcript, err := a.result(ctx, e)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, segment := range transcript.GetSegments() {
			if !yield(segment, nil) {
				return
			}
		}
	}
}

// finish tells the end, which has the whole text.
func (a *API) finish(ctx context.Context, s *stream, e index.Entry) error {
	record, transcript, err := a.result(ctx, e)
	if err != nil {
		return a.fail(s, err)
	}
	s.done(record, transcript)
	return nil
}

// fail ends a stream with an error. It returns what is left to be done with it.
func (a *API) fail(s *stream, err error) error {
	if !s.begun || isLeft(err) {
		return err
	}
	status, view := viewOf(problem.Status(err), err)
	if status >= http.StatusInternalServerError {
		a.Log.Warn("stream broke off", "err", err)
	}
	s.event(envelope{view})
	return nil
}

// tell tells one segment.
func (s *stream) tell(segment *jobv1.Segment) {
	first := s.text.Len() == 0
	piece := delta{Type: "transcript.text.delta"}
	var view said
	if s.order.format == formatDiarized {
		view, piece.Delta = s.talk.add(segment)
		piece.SegmentID = view.ID
	} else if text := render.Text([]*jobv1.Segment{segment}); text != "" {
		piece.Delta = text
		if !first {
			piece.Delta = " " + text
		}
	}
	if piece.Delta == "" {
		return
	}
	if s.order.logprobs {
		piece.Logprobs = logprobsOf([]*jobv1.Segment{segment}, first)
	}
	s.text.WriteString(piece.Delta)
	s.event(piece)
	if s.order.format == formatDiarized {
		s.event(view)
	}
}

// event writes a value as one event.
func (s *stream) event(value any) {
	data, _ := json.Marshal(value) // of our own types, which can always be written
	s.write("data: " + string(data) + "\n\n")
}

func (s *stream) write(text string) {
	if !s.begun {
		s.begun = true
		h := s.w.Header()
		h.Set("Content-Type", "text/event-stream; charset=utf-8")
		h.Set("X-Accel-Buffering", "no") // or nginx would keep events back
		s.w.WriteHeader(http.StatusOK)
	}
	_, _ = s.w.Write([]byte(text)) // the client is gone: the source ends with it
	_ = http.NewResponseController(s.w).Flush()
}
