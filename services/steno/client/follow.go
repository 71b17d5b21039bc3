package client

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"time"
)

// Event is a piece of news of a job. Exactly one of Status, Progress and Segment is set.
type Event struct {
	ID       string // Follow goes on behind it
	Status   *Status
	Progress *Progress
	Segment  *Segment
}

// Progress is how far a job is.
type Progress struct {
	Progress float64 `json:"progress"` // 0 to 1
	Stage    string  `json:"stage"`
}

// Segment is a part of the transcript.
type Segment struct {
	ID       int     `json:"id"`
	Start    float64 `json:"start"` // seconds in the recording
	End      float64 `json:"end"`   // seconds in the recording
	Text     string  `json:"text"`
	Speaker  string  `json:"speaker,omitempty"`
	Language string  `json:"language,omitempty"`
}

// The server says something every 15 seconds, if only that it is there.
const silenceLimit = time.Minute

// Follow tells the news of a job as they come, each once, and returns how the job
// ended; a job that was deleted ends with the status "deleted". after is the id of the
// last event that is known already; empty for all. A connection that breaks is made
// anew, and goes on where it broke off. An attempt that follows another begins with its
// status and tells its segments from the first.
func (c *Client) Follow(ctx context.Context, task, after string, told func(Event)) (Status, error) {
	f := follower{client: c, task: task, place: after, told: told}
	pause := firstPause
	for try := 1; ; try++ {
		before := f.place
		err := f.listen(ctx)
		if f.end != nil {
			return *f.end, nil
		}
		if ctx.Err() != nil {
			return Status{}, ctx.Err()
		}
		if f.place != before {
			try, pause = 1, firstPause
		}
		wait, again := c.worthRepeating(err, pause)
		if !again || try == tries {
			return Status{}, err
		}
		if err := sleep(ctx, max(wait, f.retry)); err != nil {
			return Status{}, err
		}
		pause = min(2*pause, longestPause)
	}
}

// errBrokenOff is wrapped by the error of a stream that ended before its job.
var errBrokenOff = errors.New("the stream ended before the job")

// follower is what one Follow knows.
type follower struct {
	client *Client
	task   string
	place  string        // id of the last event
	retry  time.Duration // how long the server wants to be left alone after a break
	told   func(Event)
	end    *Status // once the job has ended
}

// listen reads one stream. It returns nil with an end, and otherwise why there is none.
func (f *follower) listen(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	header := http.Header{"Accept": {"text/event-stream"}}
	if f.place != "" {
		header.Set("Last-Event-ID", f.place)
	}
	resp, err := f.client.open(ctx, request{method: http.MethodGet, path: jobPath(f.task, "events"), header: header})
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // all that is wanted has been read
	if resp.StatusCode == http.StatusNoContent {
		return f.askEnd(ctx)
	}
	silence := time.AfterFunc(silenceLimit, cancel)
	defer silence.Stop()
	stream := eventReader{lines: bufio.NewReader(resp.Body), heard: func() { silence.Reset(silenceLimit) }}
	for f.end == nil {
		event, err := stream.next()
		if err != nil {
			return f.client.connectionError(errors.Join(errBrokenOff, err))
		}
		if err := f.take(event); err != nil {
			return err
		}
	}
	return nil
}

// askEnd asks for the end of a job of which all news are known.
func (f *follower) askEnd(ctx context.Context) error {
	status, err := f.client.Status(ctx, f.task)
	if err == nil {
		f.end = &status
	}
	return err
}
