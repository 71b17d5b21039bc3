package index

import (
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Load is what all users have under way.
type Load struct {
	Queued  int // jobs of which nothing has run
	Running int // jobs at work
}

// Load counts the jobs under way.
func (x *Index) Load() (load Load) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, e := range x.entries {
		switch {
		case e.Job.GetState() == jobv1.State_STATE_QUEUED:
			load.Queued++
		case !job.Terminal(e.Job.GetState()):
			load.Running++
		}
	}
	return load
}
