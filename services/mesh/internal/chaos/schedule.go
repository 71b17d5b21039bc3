package chaos

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Step is one fault of a schedule.
type Step struct {
	After time.Duration // the step before, or the start
	Kind  string        // one of Kinds
	Down  time.Duration // how long what was hit stays so
	Which int           // of several replicas, counted round
}

// String is the step for people.
func (s Step) String() string {
	return fmt.Sprintf("after %v %s for %v (replica %d)", s.After.Round(time.Millisecond), s.Kind, s.Down.Round(time.Millisecond), s.Which)
}

// Schedule returns n steps of these kinds that the seed alone decides: the same
// seed gives the same schedule. longest bounds Down, and half of it After.
func Schedule(seed uint64, n int, kinds []string, longest time.Duration) []Step {
	random := rand.New(rand.NewPCG(seed, 0))
	between := func(limit time.Duration) time.Duration { return time.Duration(random.Int64N(int64(limit))) }
	steps := make([]Step, n)
	for i := range steps {
		steps[i] = Step{
			After: between(longest / 2), Kind: kinds[random.IntN(len(kinds))], Down: between(longest), Which: random.IntN(16),
		}
	}
	return steps
}
