package segments

import (
	"sync"
	"time"

	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
)

// tale is what all who listen to a job have been told, or may be told now.
type tale struct {
	id        string
	listeners int           // guarded by Source.mu
	turn      chan struct{} // holds an element while somebody reads on for all

	mu       sync.Mutex
	attempt  uint32
	segments []*jobv1.Segment // of the attempt, settled
	whole    bool             // there will be no more
	grown    chan struct{}    // closed and replaced when there is more, or the turn is free
	next     int              // chunk that is to be read
	stumbled stumble

	// Of who has the turn.
	assembly  *transcript.Assembly
	assembled uint32 // attempt that it is of
}

// stumble is when something of a revision could not be read.
type stumble struct {
	revision uint64
	at       time.Time
}

func newTale(id string) *tale {
	return &tale{id: id, turn: make(chan struct{}, 1), grown: make(chan struct{})}
}

// news is what is behind a mark.
func (t *tale) news(e index.Entry, from Mark) News {
	t.mu.Lock()
	defer t.mu.Unlock()
	if from.Attempt != e.Job.GetAttempt() {
		from = Mark{Attempt: e.Job.GetAttempt()}
	}
	news := News{Entry: e, Mark: from, Ended: job.Terminal(e.Job.GetState())}
	if e.Job.GetState() == jobv1.State_STATE_COMPLETED {
		news.Ended = t.whole && t.attempt == from.Attempt
	}
	if t.attempt == from.Attempt && from.Sent < len(t.segments) {
		news.Segments = t.segments[from.Sent:]
		news.Mark.Sent = len(t.segments)
	}
	return news
}

// lacks reports whether there is something to be read that the job as it stands has;
// late, that it was tried just now and could not be. It begins anew with a new attempt.
func (t *tale) lacks(e index.Entry) (yes, late bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.attempt < e.Job.GetAttempt() {
		t.attempt, t.segments, t.whole, t.next = e.Job.GetAttempt(), nil, false, 0
	}
	if t.whole || t.attempt != e.Job.GetAttempt() {
		return false, false
	}
	switch e.Job.GetState() {
	case jobv1.State_STATE_COMPLETED:
		yes = true
	case jobv1.State_STATE_TRANSCRIBING, jobv1.State_STATE_ASSEMBLING:
		yes = job.IsDone(e.Job, uint32(t.next))
	}
	late = yes && t.stumbled.revision == e.Revision && time.Since(t.stumbled.at) < stride
	return yes && !late, late
}

// tell adds what is settled of an attempt, of which the chunks before next are read.
func (t *tale) tell(attempt uint32, segments []*jobv1.Segment, next int, whole bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.attempt != attempt {
		return // it is being tried again
	}
	t.segments, t.next, t.whole = segments, next, whole
	t.wake()
}

// stumble notes that something could not be read.
func (t *tale) stumble(revision uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stumbled = stumble{revision: revision, at: time.Now()}
}

// growth is closed when there is more.
func (t *tale) growth() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.grown
}

// release gives the turn to whoever wakes first.
func (t *tale) release() {
	<-t.turn
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wake()
}

func (t *tale) wake() {
	close(t.grown)
	t.grown = make(chan struct{})
}
