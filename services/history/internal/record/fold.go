package record

import (
	"slices"
	"strings"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/history/internal/words"
)

// completed is the status of a job that has a transcript.
const completed = "completed"

// Events are the changes of one job in the order they came.
type Events struct {
	JobID  string
	UserID string // owner of the job
	list   []event
}

// event is a change as columns.
type event struct {
	row        Row
	transcript *jobv1.Transcript // may be nil
	cached     bool              // nothing ran for it
	words      []string          // of the transcript, for searching
}

// Group sorts changes by job id: the order in which all transactions take rows, so
// that no two wait for each other. The error is RowOf's.
func Group(changes []Change) ([]Events, error) {
	places := map[string]int{}
	var jobs []Events
	for _, change := range changes {
		row, err := RowOf(change)
		if err != nil {
			return nil, err
		}
		at, known := places[row.ID]
		if !known {
			at = len(jobs)
			places[row.ID] = at
			jobs = append(jobs, Events{JobID: row.ID, UserID: row.UserID})
		}
		said := words.Of(Text(change.Transcript))
		jobs[at].list = append(jobs[at].list, event{row, change.Transcript, change.Job.GetCached(), said})
	}
	slices.SortFunc(jobs, func(a, b Events) int { return strings.Compare(a.JobID, b.JobID) })
	return jobs, nil
}

// Stored is what the row of a job is before its changes; the zero value if there is
// none. Times and length are as in Row.
type Stored struct {
	Attempt    uint32
	Status     string
	Revision   uint64
	ChargedMS  int64 // how much of it is counted as usage
	Model      string
	Language   string
	DurationMS int64
	CreatedAt  int64
	StartedAt  int64
	FinishedAt int64
}

// storedOf is a row that was charged with so much.
func storedOf(r Row, chargedMS int64) Stored {
	return Stored{Attempt: r.Attempt, Status: r.Status, Revision: r.Revision, ChargedMS: chargedMS, Model: r.Model,
		Language: r.Language, DurationMS: r.DurationMS, CreatedAt: r.CreatedAt, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt}
}

func (s Stored) live() bool { return s.Revision > 0 && s.Status != Deleted }

// Fate is what becomes of the transcript of a job.
type Fate int

// The fates.
const (
	Untouched Fate = iota
	Removed
	Replaced // by the one at hand, whatever there was; an earlier version of it is kept
	Filled   // by the one at hand, if there is none or an earlier version
)

// Outcome is what changes of one job come to.
type Outcome struct {
	Row        *Row // to be stored; nil when nothing was newer
	Fate       Fate
	Transcript *jobv1.Transcript // for Replaced and Filled
	Words      []string          // of the transcript, for searching
	Attempt    uint32            // that made it
	Version    uint32            // of it, from 1
	Live       int64             // live jobs that the owner has more: 1, 0 or -1
	Usage      Usage             // what the owner has used more

	before, now Stored
}

// Usage is audio of the jobs that a user made on one day.
type Usage struct {
	Day     int64 // days since 1970 UTC
	AudioMS int64
}

// Fold puts the changes of a job onto what is stored, one after another.
func Fold(before Stored, job Events) Outcome {
	o := Outcome{before: before, now: before}
	for _, e := range job.list {
		o.add(e)
	}
	o.Attempt = o.now.Attempt
	if o.now.live() {
		o.Live++
	}
	if before.live() {
		o.Live--
	}
	if o.Row != nil {
		o.Row.ChargedMS = o.now.ChargedMS
		o.Usage = Usage{Day: dayOf(o.Row.CreatedAt), AudioMS: o.now.ChargedMS - before.ChargedMS}
	}
	return o
}

func (o *Outcome) add(e event) {
	// A deletion is final however old it looks: after a new start with an empty bus
	// revisions begin at 1 again.
	if e.row.Status == Deleted && o.now.live() {
		e.row.Revision = max(e.row.Revision, o.now.Revision+1)
	}
	if e.row.Revision <= o.now.Revision || o.now.Status == Deleted {
		o.fill(e)
		return
	}
	over := o.now.Revision > 0 && o.now.Attempt < e.row.Attempt
	switch {
	case e.row.Status == Deleted, over && e.transcript == nil:
		o.Fate, o.Transcript, o.Words = Removed, nil, nil
	case e.transcript != nil:
		o.take(Replaced, e)
	}
	o.Row = &e.row
	o.now = storedOf(e.row, o.charge(e))
}

// take makes the transcript of a change the one to be stored.
func (o *Outcome) take(fate Fate, e event) {
	o.Fate, o.Transcript, o.Words, o.Version = fate, e.transcript, e.words, e.row.TranscriptVersion
}

// charge is what a job is counted with: the length of its recording once that is
// known, whatever becomes of the job and however often it is tried; nothing when
// another job had done the work.
func (o *Outcome) charge(e event) int64 {
	if e.cached {
		return 0
	}
	return max(o.now.ChargedMS, e.row.DurationMS)
}

// fill takes the transcript of a change that is not newer, if the row may lack it:
// it could not be read when the row was made.
func (o *Outcome) fill(e event) {
	if e.transcript == nil || o.now.Status != completed || o.now.Attempt != e.row.Attempt {
		return
	}
	switch o.Fate {
	case Untouched:
		o.take(Filled, e)
	case Removed:
		o.take(Replaced, e)
	}
}
