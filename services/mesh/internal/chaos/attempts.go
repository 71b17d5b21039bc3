package chaos

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// attemptsStream keeps what workers write before each run. Counters are removed
// with their job; the server copies each into this stream first, so that nothing a
// test does to processes makes it forget. A server opens its streams in the order of
// their names, and this one after that which it copies from. It copies within moments:
// what is overwritten sooner, such as the end of a run by the next one, may be missing,
// but no beginning of a run that did any work.
const attemptsStream = "WITNESS"

// KeepAttempts has a bus keep every change of the tasks' counters from now on. It is
// no error when it does already.
func KeepAttempts(ctx context.Context, js jetstream.JetStream) error {
	_, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: attemptsStream,
		Sources: []*jetstream.StreamSource{{
			Name: bus.StreamJobs, FilterSubject: "$KV." + job.Bucket + ".att.>",
		}},
	})
	if err != nil {
		return fmt.Errorf("keep attempts: %w", err)
	}
	return nil
}

// Again is how often tasks were begun that had been begun before.
type Again struct {
	CutOff    int // their worker died, lost its lease or its engine, or failed
	GivenBack int // by their worker: it was told to stop, or waited for what was away
}

// CountAgain reads what a bus has kept of attempts.
func CountAgain(ctx context.Context, js jetstream.JetStream) (again Again, err error) {
	ctx, cancel := context.WithTimeout(ctx, testkit.Patience)
	defer cancel()
	stream, err := js.Stream(ctx, attemptsStream)
	if err != nil {
		return again, fmt.Errorf("read attempts: %w", err)
	}
	tasks := map[string]*task{} // by subject
	for n := uint64(1); n <= stream.CachedInfo().State.LastSeq; n++ {
		msg, err := stream.GetMsg(ctx, n)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		counters := &jobv1.Attempts{}
		if err == nil {
			err = proto.Unmarshal(msg.Data, counters)
		}
		if err != nil {
			return again, fmt.Errorf("read attempts: %w", err)
		}
		if tasks[msg.Subject] == nil {
			tasks[msg.Subject] = &task{begun: counters, last: counters}
		}
		tasks[msg.Subject].next(counters, &again)
	}
	return again, nil
}

// task is how the counters of one were when it was begun, and when they changed last.
type task struct{ begun, last *jobv1.Attempts }

func (t *task) next(counters *jobv1.Attempts, again *Again) {
	if proto.Equal(counters.GetStartedAt(), t.last.GetStartedAt()) { // the run ended
		t.last = counters
		return
	}
	ended := !t.last.GetRunning()
	uncounted := t.last.GetAttempts() == t.begun.GetAttempts() && t.last.GetInterruptions() == t.begun.GetInterruptions()
	if ended && uncounted {
		again.GivenBack++
	} else {
		again.CutOff++
	}
	t.begun, t.last = counters, counters
}
