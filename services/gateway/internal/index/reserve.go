package index

// Reserve counts a job that is about to be made as under way, so that however many
// are made at once a user has at most so many (0: any number); false: there are as
// many already.
// It counts until Put has the job or Release gives it up.
func (x *Index) Reserve(userID, id string, most int) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if most > 0 && x.live[userID]+len(x.reserved[userID]) >= most {
		return false
	}
	x.reserved.add(userID, id)
	return true
}

// Release takes a reservation back; after Put it does nothing.
func (x *Index) Release(userID, id string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.reserved.remove(userID, id)
}
