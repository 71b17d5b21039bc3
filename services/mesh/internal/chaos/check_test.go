package chaos_test

import (
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
)

// calm is a run in which nothing went wrong: two jobs of one file.
func calm() []chaos.Event {
	return []chaos.Event{
		{What: chaos.Asked}, {What: chaos.Asked}, {What: chaos.Asked}, // the third user left
		{What: chaos.Accepted, Job: "1", File: "f"},
		{What: chaos.Fault, Note: "kill transcriber", Tasks: 2},
		{What: chaos.Answered, Request: "POST /api/v1/transcription/create"}, // no answer came
		{What: chaos.Answered, Request: "GET /x", HTTP: 503, RetryAfter: true},
		{What: chaos.Accepted, Job: "2", File: "f"},
		{What: chaos.Seen, Job: "1", State: "queued"},
		{What: chaos.Seen, Job: "1", State: "transcribing"},
		{What: chaos.Seen, Job: "1", State: "completed"},
		{What: chaos.Fetched, Job: "1", SHA256: "words"},
	}
}

func ended() map[string]chaos.Outcome {
	return map[string]chaos.Outcome{
		"1": {State: "completed", Rows: 1, SHA256: "words", Attempt: 1},
		"2": {State: "completed", Rows: 1, SHA256: "words", Attempt: 1},
	}
}

var want = map[string]string{"f": "words"}

func TestCheck_findsNothingInAGoodRun(t *testing.T) {
	t.Parallel()
	r := chaos.Check(calm(), ended(), want, 3)
	r.Redone(chaos.Again{CutOff: 2})

	if len(r.Wrong) != 0 || r.Accepted != 2 || r.Completed != 2 || r.Again.CutOff != 2 || r.Hit != 2 || r.Unanswered != 1 || r.GivenUp != 1 || r.Waited != 1 || r.Faults["kill transcriber"] != 1 {
		t.Errorf("got %s", r)
	}
}

// A checker that cannot find anything proves nothing: each of these must be found.
func TestCheck_findsEveryKindOfLoss(t *testing.T) {
	t.Parallel()
	with := func(more ...chaos.Event) []chaos.Event { return append(calm(), more...) }
	but := func(id string, o chaos.Outcome) map[string]chaos.Outcome {
		all := ended()
		all[id] = o
		return all
	}
	gone := ended()
	delete(gone, "2")
	for name, c := range map[string]struct {
		events   []chaos.Event
		outcomes map[string]chaos.Outcome
		total    int
		redone   int
		says     string
	}{
		"job lost":             {calm(), gone, 3, 0, "job 2 is lost"},
		"job failed":           {calm(), but("2", chaos.Outcome{State: "failed", Rows: 1}), 3, 0, "ended failed"},
		"job stuck":            {calm(), but("2", chaos.Outcome{State: "transcribing", Rows: 1}), 3, 0, "ended transcribing"},
		"other words":          {calm(), but("1", chaos.Outcome{State: "completed", Rows: 1, SHA256: "other"}), 3, 0, "its transcript differs"},
		"other words on way":   {with(chaos.Event{What: chaos.Fetched, Job: "2", SHA256: "other"}), ended(), 3, 0, "differs"},
		"no row":               {calm(), but("1", chaos.Outcome{State: "completed", SHA256: "words"}), 3, 0, "0 times in the history"},
		"two rows":             {calm(), but("1", chaos.Outcome{State: "completed", Rows: 2, SHA256: "words"}), 3, 0, "2 times in the history"},
		"job out of nowhere":   {calm(), ended(), 4, 0, "the history has 4 jobs"},
		"history behind":       {calm(), ended(), 1, 0, "the history has 1 jobs"},
		"accepted twice":       {with(chaos.Event{What: chaos.Accepted, Job: "1", File: "f"}), ended(), 3, 0, "accepted twice"},
		"went back":            {with(chaos.Event{What: chaos.Seen, Job: "2", State: "transcribing"}, chaos.Event{What: chaos.Seen, Job: "2", State: "queued"}), ended(), 3, 0, "went back"},
		"left its end":         {with(chaos.Event{What: chaos.Seen, Job: "1", State: "failed"}), ended(), 3, 0, "was completed and then failed"},
		"strange state":        {with(chaos.Event{What: chaos.Seen, Job: "1", State: "assembling"}), ended(), 3, 0, `a state "assembling"`},
		"error of ours":        {with(chaos.Event{What: chaos.Answered, Request: "GET /x", HTTP: 500}), ended(), 3, 0, "was answered 500"},
		"outage without word":  {with(chaos.Event{What: chaos.Answered, Request: "GET /x", HTTP: 503}), ended(), 3, 0, "was answered 503"},
		"accepted, then a 404": {with(chaos.Event{What: chaos.Answered, Request: "GET /api/v1/transcription/1", HTTP: 404}), ended(), 3, 0, "is not found"},
		"tried by itself":      {calm(), but("1", chaos.Outcome{State: "completed", Rows: 1, SHA256: "words", Attempt: 2}), 3, 0, "ended in attempt 2"},
		"done too often":       {calm(), ended(), 3, 3, "3 tasks were cut off and begun again"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := chaos.Check(c.events, c.outcomes, want, c.total)
			r.Redone(chaos.Again{CutOff: c.redone})

			if !strings.Contains(strings.Join(r.Wrong, "\n"), c.says) {
				t.Errorf("found %q, want %q", r.Wrong, c.says)
			}
		})
	}
}
