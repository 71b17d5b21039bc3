// Package tasks puts hints of work into the TASKS queue and tells how full it
// is. The queue holds one copy of a task at most, so publishing twice is
// harmless.
package tasks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// Lane names the workers that a task is for: those of preprocessing, or those
// of one model.
type Lane struct {
	Stage jobv1.Stage
	Model string // catalogue name; empty for preprocessing
}

// consumer is the durable that the lane's workers share.
func (l Lane) consumer() string {
	if l.Stage == jobv1.Stage_STAGE_PRE {
		return bus.ConsumerPre
	}
	return bus.ConsumerASR(l.Model)
}

// subjects matches the lane's tasks in the queue.
func (l Lane) subjects() string {
	if l.Stage == jobv1.Stage_STAGE_PRE {
		return preTasks
	}
	return job.ModelTasks(l.Model)
}

const (
	allTasks = "tasks.v1.>"
	preTasks = "tasks.v1.pre.>"
)

// Depth tells how full a lane is.
type Depth struct {
	Ready int // tasks that no worker has yet
	Slots int // workers at work and workers that wait
}

// Queue is the TASKS stream.
type Queue struct {
	js jetstream.JetStream

	mu     sync.Mutex
	stream jetstream.Stream // nil before the first use
}

// NewQueue returns the queue behind js.
func NewQueue(js jetstream.JetStream) *Queue { return &Queue{js: js} }

// Publish puts a task into its lane. It returns false when the task is there
// already, waiting or at work.
func (q *Queue) Publish(ctx context.Context, task *jobv1.Task, lane Lane, priority jobv1.Priority) (fresh bool, err error) {
	data, err := proto.Marshal(task)
	if err != nil {
		return false, fmt.Errorf("encode task of %s: %w", task.GetJobId(), err)
	}
	_, err = q.js.Publish(ctx, job.TaskSubject(task, lane.Model, priority), data)
	switch {
	case isQueued(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("publish task of %s: %w", task.GetJobId(), err)
	}
	return true, nil
}

// Depth asks how full a lane is. It counts the messages themselves: the number
// of pending ones that a consumer tells is behind what was just published. A
// lane without consumer has no slots.
func (q *Queue) Depth(ctx context.Context, lane Lane) (Depth, error) {
	stored, err := q.stored(ctx, lane.subjects())
	if err != nil {
		return Depth{}, err
	}
	consumer, err := q.js.Consumer(ctx, bus.StreamTasks, lane.consumer()) // asks for the numbers too
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return Depth{Ready: len(stored)}, nil
	}
	if err != nil {
		return Depth{}, fmt.Errorf("look at consumer %s: %w", lane.consumer(), err)
	}
	info := consumer.CachedInfo()
	return Depth{
		Ready: max(0, len(stored)-info.NumAckPending),
		Slots: info.NumWaiting + info.NumAckPending,
	}, nil
}

// Served reports whether the mesh is laid out for a model. Its consumer may be
// missing nevertheless, which transcribers tell and an operator mends.
func (q *Queue) Served(ctx context.Context, model string) (bool, error) {
	stream, err := q.bind(ctx)
	if err != nil {
		return false, fmt.Errorf("look at tasks: %w", err)
	}
	info, err := stream.Info(ctx)
	if err != nil {
		return false, fmt.Errorf("look at tasks: %w", err)
	}
	return bus.LaidOutFor(model, info), nil
}

// JobIDs returns the jobs that have tasks in the queue, waiting or at work.
func (q *Queue) JobIDs(ctx context.Context) ([]string, error) {
	stored, err := q.stored(ctx, allTasks)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for subject := range stored {
		// tasks.v1.<stage>.<class or model>.<user>.<id>...
		if tokens := strings.Split(subject, "."); len(tokens) > 5 {
			seen[tokens[5]] = true
		}
	}
	return slices.Collect(maps.Keys(seen)), nil
}

// stored returns the subjects of the messages that match a filter, one message
// each. The queue is kept short, so the list is.
func (q *Queue) stored(ctx context.Context, filter string) (map[string]uint64, error) {
	stream, err := q.bind(ctx)
	if err != nil {
		return nil, fmt.Errorf("look at tasks: %w", err)
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(filter))
	if err != nil {
		return nil, fmt.Errorf("look at tasks: %w", err)
	}
	return info.State.Subjects, nil
}

// bind asks for the stream once. The handle goes by the name.
func (q *Queue) bind(ctx context.Context) (jetstream.Stream, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stream != nil {
		return q.stream, nil
	}
	stream, err := q.js.Stream(ctx, bus.StreamTasks)
	if err == nil {
		q.stream = stream
	}
	return stream, err
}

// isQueued recognises the refusal of a second copy. A full stream has the same
// error code; only the description differs.
func isQueued(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == refused &&
		strings.Contains(api.Description, "per subject")
}

// refused is the code of "maximum messages per subject exceeded", and of
// "maximum messages exceeded".
const refused = 10077
