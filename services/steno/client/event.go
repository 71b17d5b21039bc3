package client

import (
	"bufio"
	"errors"
	"strconv"
	"strings"
	"time"
)

// wireEvent is a server-sent event as it stands in the stream (WHATWG HTML, section
// 9.2).
type wireEvent struct {
	name, id string
	data     string
	retry    time.Duration // 0: not said
}

// longestEvent bounds an event, in bytes: a segment with all its words is far below.
const longestEvent = 4 << 20

var errLongEvent = errors.New("an event has no end")

// eventReader reads events from a stream.
type eventReader struct {
	lines *bufio.Reader
	heard func() // is called with every line
}

// next returns the next event that says anything.
func (r *eventReader) next() (wireEvent, error) {
	var event wireEvent
	for size := 0; size < longestEvent; {
		line, err := r.lines.ReadString('\n')
		if err != nil {
			return wireEvent{}, err // what stands behind the last empty line is half an event
		}
		r.heard()
		size += len(line)
		line = strings.TrimRight(line, "\r\n")
		if line != "" {
			event.add(line)
		} else if event != (wireEvent{}) {
			return event, nil
		}
	}
	return wireEvent{}, errLongEvent
}

// add takes a line of the event.
func (e *wireEvent) add(line string) {
	field, value, _ := strings.Cut(line, ":")
	value = strings.TrimPrefix(value, " ")
	switch field {
	case "event":
		e.name = value
	case "id":
		e.id = value
	case "data":
		if e.data != "" {
			e.data += "\n"
		}
		e.data += value
	case "retry":
		if ms, err := strconv.ParseUint(value, 10, 31); err == nil {
			e.retry = time.Duration(ms) * time.Millisecond
		}
	}
}

// take tells an event, or keeps the end. Names it does not know are passed over.
func (f *follower) take(e wireEvent) error {
	if e.retry > 0 {
		f.retry = min(e.retry, longestRetryAfter)
	}
	event := Event{ID: e.id}
	var err error
	switch e.name {
	case "status":
		event.Status = &Status{}
		err = f.tell(e, event, event.Status)
	case "progress":
		event.Progress = &Progress{}
		err = f.tell(e, event, event.Progress)
	case "segment":
		event.Segment = &Segment{}
		err = f.tell(e, event, event.Segment)
	case "done":
		var status Status
		if err = decode(jobPath(f.task, "events"), []byte(e.data), &status); err == nil {
			f.end = &status
		}
	case "error":
		err = f.failed(e)
	}
	if err == nil && e.id != "" {
		f.place = e.id
	}
	return err
}

// tell decodes the data of an event into its part and passes it on.
func (f *follower) tell(e wireEvent, event Event, into any) error {
	if err := decode(jobPath(f.task, "events"), []byte(e.data), into); err != nil {
		return err
	}
	if f.told != nil {
		f.told(event)
	}
	return nil
}

// failed keeps the end of a job that has no transcript.
func (f *follower) failed(e wireEvent) error {
	var failure struct {
		JobError
		Status string `json:"status"`
	}
	if err := decode(jobPath(f.task, "events"), []byte(e.data), &failure); err != nil {
		return err
	}
	f.end = &Status{TaskID: f.task, Status: failure.Status, Error: &failure.JobError}
	return nil
}
