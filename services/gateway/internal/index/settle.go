package index

// Unsettled returns the jobs of a user that the history is not known to have at
// our revision, deleted ones too, in no order. They are few: the asker tells what
// it learns about them by Settle.
func (x *Index) Unsettled(userID string) []Entry {
	x.mu.Lock()
	defer x.mu.Unlock()
	all := make([]Entry, 0, len(x.unsettled[userID]))
	for id := range x.unsettled[userID] {
		all = append(all, x.entries[id].Entry)
	}
	return all
}

// Settle notes that the history has a job at this revision; an older one than ours
// settles nothing.
func (x *Index) Settle(id string, revision uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if e, known := x.entries[id]; known && e.Revision <= revision {
		x.unsettled.remove(e.Job.GetUserId(), id)
	}
}

// userIDs holds ids of jobs by their user.
type userIDs map[string]map[string]struct{}

func (u userIDs) add(userID, id string) {
	if u[userID] == nil {
		u[userID] = map[string]struct{}{}
	}
	u[userID][id] = struct{}{}
}

func (u userIDs) remove(userID, id string) {
	delete(u[userID], id)
	if len(u[userID]) == 0 {
		delete(u, userID)
	}
}
