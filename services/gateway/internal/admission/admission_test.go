package admission_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/gateway/internal/admission"
)

var errFull = errors.New("full")

func TestCheck_refusesBeyondItsShare(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		used, limit int64
		err         error
		want        error
	}{
		"empty":                 {0, 1000, nil, nil},
		"at its share":          {800, 1000, nil, nil},
		"beyond it":             {801, 1000, nil, errFull},
		"over the limit":        {1200, 1000, nil, errFull},
		"a bucket without one":  {1 << 40, -1, nil, nil},
		"the bus does not know": {1000, 1000, errors.New("away"), nil},
		"a very large limit":    {1 << 62, 1 << 62, nil, errFull},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := &admission.Gate{
				Usage:   func(context.Context) (int64, int64, error) { return c.used, c.limit, c.err },
				Percent: 80, Refusal: errFull, Log: testkit.Log(t), Now: time.Now,
			}
			if got := g.Check(t.Context()); !errors.Is(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestCheck_asksOnceASecondHoweverManyAskIt(t *testing.T) {
	t.Parallel()
	var asked, used, now atomic.Int64
	g := &admission.Gate{
		Usage:   func(context.Context) (int64, int64, error) { asked.Add(1); return used.Load(), 100, nil },
		Percent: 80, Refusal: errFull, Log: testkit.Log(t),
		Now: func() time.Time { return time.Unix(0, now.Load()) },
	}
	crowd := func(want error) {
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if got := g.Check(t.Context()); !errors.Is(got, want) {
					t.Errorf("got %v, want %v", got, want)
				}
			})
		}
		all.Wait()
	}

	crowd(nil)
	used.Store(90)
	now.Add(int64(time.Second) - 1)
	crowd(nil)
	if asked.Load() != 1 {
		t.Errorf("the bus was asked %d times within a second, want once", asked.Load())
	}

	now.Add(1)
	crowd(errFull)
	used.Store(10)
	now.Add(int64(time.Second))
	crowd(nil)
	if asked.Load() != 3 {
		t.Errorf("the bus was asked %d times in three seconds", asked.Load())
	}
}

func TestCheck_outlivesTheClientThatAskedFirst(t *testing.T) {
	t.Parallel()
	g := &admission.Gate{
		Usage:   func(ctx context.Context) (int64, int64, error) { return 90, 100, ctx.Err() },
		Percent: 80, Refusal: errFull, Log: testkit.Log(t), Now: time.Now,
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()

	if got := g.Check(gone); !errors.Is(got, errFull) {
		t.Errorf("got %v, want the refusal", got)
	}
}
