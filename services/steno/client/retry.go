package client

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// A restart of the server takes a few seconds. Eight tries with growing pauses
// bridge about twenty, so that waiting for a long job survives it.
const (
	tries             = 8
	firstPause        = 250 * time.Millisecond
	longestPause      = 5 * time.Second
	longestRetryAfter = 30 * time.Second // asked for more, the user should know instead
)

// repeat makes a request that can be made twice without harm, until it is answered
// or there is no hope.
func (c *Client) repeat(ctx context.Context, r request) ([]byte, error) {
	a, err := c.repeatWhole(ctx, r)
	return a.body, err
}

// repeatWhole is repeat for those who want the headers too.
func (c *Client) repeatWhole(ctx context.Context, r request) (answer, error) {
	pause := firstPause
	for try := 1; ; try++ {
		a, err := c.send(ctx, r)
		wait, again := c.worthRepeating(err, pause)
		if !again || try == tries {
			return a, err
		}
		if err := sleep(ctx, wait); err != nil {
			return answer{}, err
		}
		pause = min(2*pause, longestPause)
	}
}

// worthRepeating tells whether the same request may succeed in a moment, and
// when. A server that never answered is most likely not there at all, which the
// user wants to hear at once.
func (c *Client) worthRepeating(err error, pause time.Duration) (time.Duration, bool) {
	var problem *Problem
	if errors.As(err, &problem) {
		wait := max(pause, problem.RetryAfter)
		return wait, passing(problem.Status) && wait <= longestRetryAfter
	}
	var connection *ConnectionError
	return pause, errors.As(err, &connection) && c.answered.Load()
}

// passing statuses speak of the moment, not of the request.
func passing(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
