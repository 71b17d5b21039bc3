package job

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// restarted is a bucket whose server is away for a while.
type restarted struct {
	jetstream.KeyValue
	back time.Time
	says error
}

// Update answers once the server is there.
func (r restarted) Update(context.Context, string, []byte, uint64) (uint64, error) {
	if time.Now().Before(r.back) {
		return 0, r.says
	}
	return 1, nil
}

func TestPatient_acceptsAJobWhileTheBusIsRestarted(t *testing.T) {
	t.Parallel()
	for _, says := range []error{nats.ErrReconnectBufExceeded, nats.ErrNoResponders, jetstream.ErrNoStreamResponse} {
		synctest.Test(t, func(t *testing.T) {
			s := (&Store{kv: restarted{back: time.Now().Add(3 * time.Second), says: says}}).Patient()

			if revision, err := s.Create(t.Context(), &jobv1.Job{Id: "1"}); err != nil || revision != 1 {
				t.Errorf("revision %d, error %v", revision, err)
			}
		})
	}
}

func TestPatient_givesUpOnABusThatStaysAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := (&Store{kv: restarted{back: time.Now().Add(time.Hour), says: nats.ErrReconnectBufExceeded}}).Patient()
		began := time.Now()

		_, err := s.Create(t.Context(), &jobv1.Job{Id: "1"})
		first := time.Since(began)
		_, again := s.Create(t.Context(), &jobv1.Job{Id: "2"})

		if !fault.Is(err, fault.Unavailable) || !fault.Is(again, fault.Unavailable) {
			t.Errorf("errors are %v and %v", err, again)
		}
		if first > requestLimit || time.Since(began) != first {
			t.Errorf("the first waited for %v, the next for %v", first, time.Since(began)-first)
		}
	})
}

// A request that may have been heard is not made again: it might be refused for what
// it has done itself.
func TestPatient_doesNotRepeatWhatMayHaveBeenDone(t *testing.T) {
	t.Parallel()
	for _, says := range []error{nats.ErrTimeout, context.DeadlineExceeded, jetstream.ErrKeyExists, errors.New("other")} {
		if unheard(says) {
			t.Errorf("%v would be repeated", says)
		}
	}
}
