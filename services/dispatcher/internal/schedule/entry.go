package schedule

// entry is a job in a lane.
type entry struct {
	Work
	class   int
	offered []bool // by task: offered, and not withdrawn
	charged []bool // by task: offered at least once, and its user paid for it
	open    int    // tasks charged and not done
	first   uint32 // no task before it can be offered
}

func newEntry(work Work) *entry {
	e := &entry{
		Work: work, class: classOf(work.Priority),
		offered: make([]bool, work.Tasks), charged: make([]bool, work.Tasks),
	}
	return e
}

// fits reports whether work is news of the same tasks.
func (e *entry) fits(work Work) bool {
	return e.Attempt == work.Attempt && e.Tasks == work.Tasks &&
		e.UserID == work.UserID && e.class == classOf(work.Priority)
}

func (e *entry) update(work Work) {
	e.Work = work
	e.count()
}

// count finds the tasks that are at work or queued, or will be again.
func (e *entry) count() {
	e.open = 0
	for task, charged := range e.charged {
		if charged && !e.Done(uint32(task)) {
			e.open++
		}
	}
}

// next returns the task to offer next; unless fresh, only one that was offered
// before. Those come first: tasks are offered in order, but for the lead, which
// is done before there are others.
func (e *entry) next(fresh bool) (task uint32, ok bool) {
	if e.Lead >= 0 && e.Lead < int64(e.Tasks) && !e.Done(uint32(e.Lead)) {
		return uint32(e.Lead), !e.offered[e.Lead] && (fresh || e.charged[e.Lead])
	}
	for ; e.first < e.Tasks; e.first++ {
		if !e.offered[e.first] && !e.Done(e.first) {
			return e.first, fresh || e.charged[e.first]
		}
	}
	return 0, false
}

// offer marks a task and returns what it costs: nothing the second time.
func (e *entry) offer(task uint32) (cost float64) {
	e.offered[task] = true
	if e.charged[task] {
		return 0
	}
	e.charged[task] = true
	e.open++
	return e.Cost
}

func (e *entry) withdraw(task uint32) {
	if task < e.Tasks && e.offered[task] {
		e.offered[task] = false
		e.first = min(e.first, task)
	}
}

func (e *entry) withdrawAll() {
	clear(e.offered)
	e.first = 0
}
