package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"

	"github.com/schollz/progressbar/v3"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

func watchCommand() command {
	return command{
		name: "watch", operands: "TASK", summary: "shows a job and its words as they come",
		help: `It ends with the job, and goes on over breaks of the connection. Ctrl-C stops watching
alone; the job goes on.
`,
		setup: func(fs *flag.FlagSet) work {
			asJSON := fs.Bool("json", false, "a line of JSON for each event, for programs")
			return withOne(oneTask("watch"), func(ctx context.Context, s *session, c *client.Client, task string) error {
				return s.watch(ctx, c, task, *asJSON)
			})
		},
	}
}

func (s *session) watch(ctx context.Context, c *client.Client, task string, asJSON bool) error {
	v := &viewer{session: s, asJSON: asJSON}
	if s.StderrTerminal && !asJSON {
		v.bar = terminalBar(s.Stderr, fullPoints)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	end, err := c.Follow(ctx, task, "", func(e client.Event) {
		if v.tell(e); v.err != nil {
			stop() // nobody reads any more
		}
	})
	v.clear()
	var connection *client.ConnectionError
	switch {
	case v.err != nil:
		return v.err
	case errors.As(err, &connection):
		return &lostJobError{task: task, err: err}
	case err != nil:
		return err
	}
	if asJSON {
		v.line("end", "", end)
		if v.err != nil {
			return v.err
		}
	} else {
		s.note("%s is %s", printable(task), printable(end.Status))
	}
	return failure(end)
}

// viewer shows events: words on the standard output, everything else on the standard
// error.
type viewer struct {
	session *session
	asJSON  bool
	bar     *progressbar.ProgressBar // nil: lines
	attempt int                      // told last
	said    string                   // what was said last of the progress
	err     error                    // of the standard output
}

func (v *viewer) tell(e client.Event) {
	switch {
	case v.asJSON:
		v.tellJSON(e)
	case e.Status != nil:
		if v.attempt != 0 && e.Status.Attempt > v.attempt {
			v.clear()
			v.session.note("attempt %d begins; its words come from the first", e.Status.Attempt)
		}
		v.attempt = e.Status.Attempt
		v.progress(*e.Status)
	case e.Progress != nil:
		v.progress(client.Status{Status: e.Progress.Stage, Progress: e.Progress.Progress})
	case e.Segment != nil:
		v.clear()
		v.err = v.session.print(segmentText(*e.Segment))
	}
}

func (v *viewer) tellJSON(e client.Event) {
	switch {
	case e.Status != nil:
		v.line("status", e.ID, e.Status)
	case e.Progress != nil:
		v.line("progress", e.ID, e.Progress)
	default:
		v.line("segment", e.ID, e.Segment)
	}
}

// line writes an event on one line.
func (v *viewer) line(name, id string, data any) {
	text, err := json.Marshal(struct {
		Event string `json:"event"`
		ID    string `json:"id,omitempty"`
		Data  any    `json:"data"`
	}{name, id, data})
	if err == nil {
		err = v.session.print(string(text) + "\n")
	}
	v.err = err
}

// progress moves the bar, or says what is new; tenths are news enough for a log.
func (v *viewer) progress(s client.Status) {
	if v.bar != nil {
		v.bar.Describe(printable(s.Status))
		_ = v.bar.Set(int(fullPoints * min(1, s.Progress))) // a bar that cannot be drawn stops nothing
		return
	}
	s.Progress = float64(int(s.Progress*10)) / 10
	if text := statusText(s); text != v.said {
		v.said = text
		v.session.note("%s", printable(text))
	}
}

func (v *viewer) clear() {
	if v.bar != nil {
		_ = v.bar.Clear() // a bar that cannot be drawn stops nothing
	}
}

// segmentText is, for example, "[0:02 - 0:05] speaker-1: And then.".
func segmentText(s client.Segment) string {
	speaker := ""
	if s.Speaker != "" {
		speaker = s.Speaker + ": "
	}
	return fmt.Sprintf("[%s - %s] %s\n", placeText(s.Start), placeText(s.End), printable(speaker+s.Text))
}

// placeText is a place in a recording, for example "0:12".
func placeText(seconds float64) string {
	if seconds < 0.5 {
		return "0:00"
	}
	return lengthText(seconds)
}
