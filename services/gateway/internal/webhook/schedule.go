package webhook

import (
	"math/rand/v2"
	"time"
)

// The pauses between attempts: three times longer each, with some chance in them, so
// that receivers which were away are not met by all hooks at once. They end a day
// after the first attempt.
const (
	longestPause = 6 * time.Hour
	pauseFactor  = 3
	giveUp       = 24 * time.Hour
)

// pause is how long to wait after the nth failure in a row, from 1, when it is first
// after the first one; the receiver may ask for another time within the bounds.
func pause(first time.Duration, n int, asked time.Duration) time.Duration {
	if asked > 0 {
		return min(max(asked, first), longestPause)
	}
	wait := first
	for range n - 1 {
		if wait *= pauseFactor; wait >= longestPause {
			wait = longestPause
			break
		}
	}
	return wait*4/5 + rand.N(wait*2/5)
}
