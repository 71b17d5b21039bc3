package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Outcome is how a job stands when all is quiet again, by the public API.
type Outcome struct {
	State   string // of the status
	Rows    int    // in the history
	SHA256  string // of the transcript; empty when there is none
	Attempt int    // that ended so, from 1; 0 when it is not known
}

// Report is what came of a run.
type Report struct {
	Faults     map[string]int // by kind: how often
	Accepted   int            // jobs that got their 201
	Completed  int
	Again      Again
	Hit        int // tasks that the faults may have cut off: no more may have been
	Unanswered int // requests for a job that got no answer, and were made again under the same key
	GivenUp    int // jobs that a user asked for and left before there was an answer; each may be there
	Waited     int // answers 503 that said when to come again
	Wrong      []string
}

// String is the report for people.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d jobs accepted, %d completed; %d answers 503 with Retry-After, %d creates without an answer and made again, %d given up\n",
		r.Accepted, r.Completed, r.Waited, r.Unanswered, r.GivenUp)
	for _, kind := range slices.Sorted(maps.Keys(r.Faults)) {
		fmt.Fprintf(&b, "  %3d times %s\n", r.Faults[kind], kind)
	}
	fmt.Fprintf(&b, "tasks begun again: %d that were cut off, of up to %d that were hit; %d that were given back\n",
		r.Again.CutOff, r.Hit, r.Again.GivenBack)
	fmt.Fprintf(&b, "lost or wrong: %d\n", len(r.Wrong))
	for _, wrong := range r.Wrong {
		fmt.Fprintf(&b, "  %s\n", wrong)
	}
	return b.String()
}

// Check holds a ledger against how the jobs ended. want is the transcript of each
// file in an undisturbed run, by file; total how many jobs the history has.
func Check(events []Event, outcomes map[string]Outcome, want map[string]string, total int) Report {
	c := checker{report: Report{Faults: map[string]int{}}, files: map[string]string{}, last: map[string]string{}, outcomes: outcomes, want: want}
	for _, e := range events {
		c.read(e)
	}
	for _, id := range slices.Sorted(maps.Keys(c.files)) {
		c.judge(id)
	}
	c.report.GivenUp = max(0, c.asked-c.report.Accepted)
	if most := c.report.Accepted + c.report.GivenUp; total < c.report.Accepted || total > most {
		c.wrong("the history has %d jobs, want %d to %d", total, c.report.Accepted, most)
	}
	return c.report
}

// Redone takes how often tasks were begun again. Of those that were not given back
// there must be no more than the faults have hit.
func (r *Report) Redone(again Again) {
	r.Again = again
	if again.CutOff > r.Hit {
		r.Wrong = append(r.Wrong, fmt.Sprintf("%d tasks were cut off and begun again, and at most %d were hit", again.CutOff, r.Hit))
	}
}

type checker struct {
	report   Report
	asked    int               // jobs that users wanted
	files    map[string]string // of the jobs that were accepted
	last     map[string]string // state that users saw last
	outcomes map[string]Outcome
	want     map[string]string
}

func (c *checker) wrong(format string, args ...any) {
	c.report.Wrong = append(c.report.Wrong, fmt.Sprintf(format, args...))
}

// read takes one event; what is wrong whatever follows is noted at once.
func (c *checker) read(e Event) {
	switch e.What {
	case Fault:
		c.report.Faults[e.Note]++
		c.report.Hit += e.Tasks
	case Asked:
		c.asked++
	case Accepted:
		c.report.Accepted++
		if _, twice := c.files[e.Job]; twice {
			c.wrong("job %s was accepted twice", e.Job)
		}
		c.files[e.Job] = e.File
	case Seen:
		c.seen(e)
	case Fetched:
		if sum := c.want[c.files[e.Job]]; e.SHA256 != sum {
			c.wrong("job %s: the transcript that %s got differs from the undisturbed run", e.Job, e.User)
		}
	case Answered:
		c.answered(e)
	}
}

// order is how far a state is on a job's way. A retry by the mesh itself may take a
// job back to the beginning, but none leaves an end.
var order = map[string]int{"queued": 1, "preprocessing": 2, "transcribing": 3, "completed": 9, "failed": 9, "cancelled": 9}

func (c *checker) seen(e Event) {
	before := c.last[e.Job]
	switch {
	case order[e.State] == 0:
		c.wrong("job %s: a state %q was told", e.Job, e.State)
	case order[before] == 9 && e.State != before:
		c.wrong("job %s was %s and then %s", e.Job, before, e.State)
	case order[e.State] < order[before]:
		c.wrong("job %s went back from %s to %s", e.Job, before, e.State)
	}
	c.last[e.Job] = e.State
}

func (c *checker) answered(e Event) {
	switch {
	case e.HTTP == 0 && strings.HasSuffix(e.Request, "/transcription/create"):
		c.report.Unanswered++
	case e.HTTP == 503 && e.RetryAfter:
		c.report.Waited++
	case e.HTTP >= 500:
		c.wrong("%s %s was answered %d (Retry-After: %t)", e.User, e.Request, e.HTTP, e.RetryAfter)
	case e.HTTP == 404 && strings.Contains(e.Request, "/transcription/"):
		c.wrong("%s %s: a job that was accepted is not found", e.User, e.Request)
	}
}

func (c *checker) judge(id string) {
	o, known := c.outcomes[id]
	switch {
	case !known:
		c.wrong("job %s is lost", id)
		return
	case o.State != "completed":
		c.wrong("job %s ended %s", id, o.State)
	case o.SHA256 != c.want[c.files[id]]:
		c.wrong("job %s: its transcript differs from the undisturbed run", id)
	default:
		c.report.Completed++
	}
	if o.Attempt > 1 {
		c.wrong("job %s ended in attempt %d, and no user asked for another", id, o.Attempt)
	}
	if o.Rows != 1 {
		c.wrong("job %s is %d times in the history", id, o.Rows)
	}
}
