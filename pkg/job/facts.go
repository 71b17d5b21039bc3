package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

// CreatePlan stores the plan of an attempt. The first one wins: a second call
// is no error and changes nothing.
func (s *Store) CreatePlan(ctx context.Context, plan *jobv1.Plan) error {
	_, err := create(ctx, s.kv, planKey(plan.GetJobId(), plan.GetAttempt()), plan)
	return unlessExists(err)
}

// Plan returns the plan of an attempt. NotFound: there is none yet.
func (s *Store) Plan(ctx context.Context, id string, attempt uint32) (*jobv1.Plan, error) {
	plan := &jobv1.Plan{}
	if _, err := get(ctx, s.kv, planKey(id, attempt), plan); err != nil {
		return nil, err
	}
	return plan, nil
}

// CreateResult stores the result of a chunk. The first one wins: a second call
// is no error and changes nothing.
func (s *Store) CreateResult(ctx context.Context, result *jobv1.ChunkResult) error {
	_, err := create(ctx, s.kv, resultKey(result.GetJobId(), result.GetAttempt(), result.GetChunk()), result)
	return unlessExists(err)
}

// Result returns the result of a chunk. NotFound: there is none yet.
func (s *Store) Result(ctx context.Context, id string, attempt, chunk uint32) (*jobv1.ChunkResult, error) {
	result := &jobv1.ChunkResult{}
	if _, err := get(ctx, s.kv, resultKey(id, attempt, chunk), result); err != nil {
		return nil, err
	}
	return result, nil
}

// ResultID names the result of a chunk.
type ResultID struct {
	JobID          string
	Attempt, Chunk uint32
}

// ResultIDs returns which results there are, of all jobs, by one request for
// each 100 000 of them. One that was removed lately may be among them.
func (s *Store) ResultIDs(ctx context.Context) (map[ResultID]bool, error) {
	subjects, err := s.factSubjects(ctx, "res")
	if err != nil {
		return nil, err
	}
	ids := make(map[ResultID]bool, len(subjects))
	for subject := range subjects {
		// $KV.JOBS.res.<id>.<gen>.<n>
		tokens := strings.Split(subject, ".")
		if len(tokens) != 6 {
			continue
		}
		attempt, attemptErr := strconv.ParseUint(tokens[4], 10, 32)
		chunk, chunkErr := strconv.ParseUint(tokens[5], 10, 32)
		if attemptErr == nil && chunkErr == nil {
			ids[ResultID{tokens[3], uint32(attempt), uint32(chunk)}] = true
		}
	}
	return ids, nil
}

// UpdateAttempts changes the counters of a task by compare-and-set, starting
// from zero ones, and returns them.
func (s *Store) UpdateAttempts(ctx context.Context, task *jobv1.Task, change func(*jobv1.Attempts)) (*jobv1.Attempts, error) {
	key := attemptsKey(task)
	for {
		counters := &jobv1.Attempts{}
		revision, err := get(ctx, s.kv, key, counters)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		change(counters)
		if revision == 0 {
			_, err = create(ctx, s.kv, key, counters)
		} else {
			_, err = update(ctx, s.kv, key, counters, revision)
		}
		if errors.Is(err, errRace) || fault.Is(err, fault.Conflict) {
			continue
		}
		return counters, err
	}
}

// Moment is a point in time on the bus: what was stored before it can be told from
// what comes later.
type Moment struct{ facts, tasks uint64 }

// Moment returns now. Who removes what a job left takes it before the look at the
// record: what a new attempt stores comes later.
func (s *Store) Moment(ctx context.Context) (m Moment, err error) {
	for stream, last := range map[string]*uint64{"KV_" + Bucket: &m.facts, TaskStream: &m.tasks} {
		handle, err := s.js.Stream(ctx, stream)
		if err != nil {
			return Moment{}, busFault(fmt.Errorf("last message of %s: %w", stream, err))
		}
		*last = handle.CachedInfo().State.LastSeq // of this moment: the handle is new
	}
	return m, nil
}

// PurgeFacts removes the plan, results and counters of all attempts of a job, and its
// queued tasks, that were stored before a moment. It is no error when there are none.
func (s *Store) PurgeFacts(ctx context.Context, id string, before Moment) error {
	for _, kind := range []string{"plan", "res", "att"} {
		filter := fmt.Sprintf("$KV.%s.%s.%s.>", Bucket, kind, id)
		if err := s.purgeSubject(ctx, "KV_"+Bucket, filter, jetstream.WithPurgeSequence(before.facts+1)); err != nil {
			return err
		}
	}
	return s.purgeSubject(ctx, TaskStream, TasksOf(id), jetstream.WithPurgeSequence(before.tasks+1))
}

// PurgeTasks removes the queued tasks of a job.
func (s *Store) PurgeTasks(ctx context.Context, id string) error {
	return s.purgeSubject(ctx, TaskStream, TasksOf(id))
}

// FactIDs returns the ids of all jobs that have a plan, result or counter.
func (s *Store) FactIDs(ctx context.Context) ([]string, error) {
	seen := map[string]bool{}
	for _, kind := range []string{"plan", "res", "att"} {
		subjects, err := s.factSubjects(ctx, kind)
		if err != nil {
			return nil, err
		}
		for subject := range subjects {
			seen[idOf(subject[len("$KV."+Bucket+"."):])] = true
		}
	}
	ids := make([]string, 0, len(seen))
	for id := range seen {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids, nil
}

// factSubjects returns the subjects of all facts of a kind.
func (s *Store) factSubjects(ctx context.Context, kind string) (map[string]uint64, error) {
	stream, err := s.js.Stream(ctx, "KV_"+Bucket)
	if err != nil {
		return nil, busFault(fmt.Errorf("list facts: %w", err))
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(fmt.Sprintf("$KV.%s.%s.>", Bucket, kind)))
	if err != nil {
		return nil, busFault(fmt.Errorf("list facts: %w", err))
	}
	return info.State.Subjects, nil
}

func (s *Store) purgeSubject(ctx context.Context, streamName, filter string, options ...jetstream.StreamPurgeOpt) error {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	stream, err := s.js.Stream(ctx, streamName)
	if err == nil {
		err = stream.Purge(ctx, append(options, jetstream.WithPurgeSubject(filter))...)
	}
	if err != nil {
		return busFault(fmt.Errorf("purge %s: %w", filter, err))
	}
	return nil
}

func unlessExists(err error) error {
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}
