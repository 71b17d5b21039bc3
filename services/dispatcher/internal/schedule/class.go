package schedule

import (
	"maps"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// The classes, the more urgent the smaller. shares is the part of all audio
// seconds that a class gets at least while it waits; the most urgent one that
// waits gets the rest.
const (
	high = iota
	normal
	low
	classCount
)

var shares = [classCount]float64{high: 0, normal: 0.2, low: 0.1}

var priorities = [classCount]jobv1.Priority{
	high: jobv1.Priority_PRIORITY_HIGH, normal: jobv1.Priority_PRIORITY_NORMAL, low: jobv1.Priority_PRIORITY_LOW,
}

func classOf(p jobv1.Priority) int {
	switch p {
	case jobv1.Priority_PRIORITY_HIGH:
		return high
	case jobv1.Priority_PRIORITY_LOW:
		return low
	default:
		return normal
	}
}

// class is one priority of a lane.
type class struct {
	share  float64
	credit float64 // audio seconds the class is owed
	users  map[string]*user
	// level is what the user who was served last had spent before. A user who
	// comes starts there, unless ahead of it.
	level float64
	// ahead is what users without jobs have spent who were given more than
	// level: a new job does not make that undone.
	ahead map[string]float64
}

func (c *class) add(e *entry) {
	u := c.users[e.UserID]
	if u == nil {
		u = &user{id: e.UserID, spent: max(c.level, c.ahead[e.UserID])}
		c.users[e.UserID] = u
		delete(c.ahead, e.UserID)
	}
	u.add(e)
}

func (c *class) remove(e *entry) {
	u := c.users[e.UserID]
	u.remove(e)
	if len(u.jobs) > 0 {
		return
	}
	delete(c.users, u.id)
	if u.spent > c.level {
		c.ahead[u.id] = u.spent
	}
}

// charge books what a user was given.
func (c *class) charge(u *user, cost float64) {
	if u.spent > c.level {
		c.level = u.spent
		maps.DeleteFunc(c.ahead, func(_ string, spent float64) bool { return spent <= c.level })
	}
	u.spent += cost
}

// candidate is a task that could go next.
type candidate struct {
	user  *user
	entry *entry
	task  uint32
}

// best returns the next task of the user who was given least. Those who are
// limited are offered nothing but what they were offered before.
func (c *class) best(limited func(userID string) bool) candidate {
	var best candidate
	for _, u := range c.users {
		if best.user != nil && !behind(u, best.user) {
			continue
		}
		if e, task, ok := u.next(!limited(u.id)); ok {
			best = candidate{u, e, task}
		}
	}
	return best
}

// behind orders users by what they were given, and equals by name, so that the
// order does not depend on chance.
func behind(a, b *user) bool {
	if a.spent != b.spent {
		return a.spent < b.spent
	}
	return a.id < b.id
}

// chooseClass returns the class to serve: the most urgent one that waits,
// unless a less urgent one is owed a task. It returns -1 if none waits.
func (l *Lane) chooseClass(best [classCount]candidate) int {
	for c := classCount - 1; c > high; c-- {
		if best[c].user != nil && l.classes[c].credit >= best[c].entry.Cost {
			return c
		}
	}
	for c := range best {
		if best[c].user != nil {
			return c
		}
	}
	return -1
}

// age books an offer of class served: every class that waits is owed its share
// of it. A class that does not wait, or is the most urgent one, is owed
// nothing.
func (l *Lane) age(served int, cost float64, best [classCount]candidate) {
	urgent := true
	for c := range l.classes {
		switch class := &l.classes[c]; {
		case best[c].user == nil:
			class.credit = 0
		case urgent:
			urgent = false
			class.credit = 0
		default:
			class.credit += class.share * cost
			if c == served {
				class.credit -= cost
			}
		}
	}
}
