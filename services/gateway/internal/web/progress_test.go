package web_test

import (
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// drip is a connection on which some bytes come after a while each, up to an end.
type drip struct {
	*httptest.ResponseRecorder
	each     int
	pause    time.Duration
	left     int
	deadline time.Time
}

func (d *drip) SetReadDeadline(at time.Time) error {
	d.deadline = at
	return nil
}

func (d *drip) Read(p []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	if wait := time.Until(d.deadline); wait < d.pause {
		time.Sleep(wait)
		return 0, os.ErrDeadlineExceeded
	}
	time.Sleep(d.pause)
	n := min(d.each, d.left, len(p))
	d.left -= n
	return n, nil
}

func TestProgressReader_tellsASlowClientFromOneThatHoldsOn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		each  int
		pause time.Duration
		want  error
	}{
		"slow":                    {1 << 10, 3 * time.Second, nil},
		"a byte now and then":     {1, 30 * time.Second, os.ErrDeadlineExceeded},
		"much, but after silence": {1 << 20, 61 * time.Second, os.ErrDeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &drip{ResponseRecorder: httptest.NewRecorder(), each: tc.each, pause: tc.pause, left: 100 << 10}

				_, err := io.Copy(io.Discard, web.NewProgressReader(d, d, time.Minute))

				if !errors.Is(err, tc.want) || tc.want == nil && (d.left > 0 || !d.deadline.IsZero()) {
					t.Errorf("ended with %v, %d bytes left, deadline %v", err, d.left, d.deadline)
				}
			})
		})
	}
}
