package bus

import (
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/job"
)

// Names of streams and durable consumers.
const (
	StreamJobs     = "KV_" + job.Bucket
	StreamFiles    = "KV_" + job.FilesBucket
	StreamTasks    = job.TaskStream
	StreamDead     = job.DeadStream
	StreamProgress = job.ProgressStream
	StreamHooks    = job.HookStream

	ConsumerPre       = "pre"
	ConsumerAssembler = "assembler"
	ConsumerHistory   = "history"
	ConsumerNotify    = "notify"
	ConsumerHooks     = "hooks"
)

// Lease is how long a worker may be silent before its task is given to another,
// and Beat how often it speaks up. Three beats may be lost.
const (
	Lease = 20 * time.Second
	Beat  = 5 * time.Second
)

// ConsumerASR names the durable consumer of a model's chunks.
func ConsumerASR(model string) string { return "asr_" + job.Token(model) }

// mostHooks is how many hooks may be queued. Those that wait for their next attempt
// count as being worked on, so that many must be allowed to be.
const mostHooks = 200_000

const (
	kib = 1 << 10
	mib = 1 << 20
)

// streams is the one table of streams. JobsBytes bounds the JOBS bucket. A
// full bucket takes no write at all, not even a result, and drops nothing; so
// the gateway refuses new jobs at 80 % of JOBS and new files at 90 % of FILES,
// which leaves the rest to the jobs there are.
//
//	KV_JOBS   the truth: records, plans, results, attempts (job.Store)
//	KV_FILES  recordings by user and file id (job.Files)
//	TASKS     hints of work that can be run; one copy a task
//	HOOKS     who has to be told of ends of jobs; one copy a hook
//	DLQ       tasks that were given up, for operators
//	PROGRESS  newest note of progress a job; in memory, may be lost. Nobody reads
//	          the stream yet, only its subjects: it is what a gateway that did not
//	          hear the note begins with when a client resumes its events there
func streams(layout Layout) []jetstream.StreamConfig {
	replicas := layout.Replicas
	return []jetstream.StreamConfig{
		bucket(StreamJobs, "$KV."+job.Bucket+".>", layout.JobsBytes, replicas),
		bucket(StreamFiles, "$KV."+job.FilesBucket+".>", 256*mib, replicas),
		{
			Name:                 StreamTasks,
			Subjects:             []string{"tasks.v1.>"},
			Retention:            jetstream.WorkQueuePolicy,
			MaxMsgs:              20_000,
			MaxBytes:             64 * mib,
			MaxMsgSize:           64 * kib,
			MaxMsgsPerSubject:    1,
			Discard:              jetstream.DiscardNew,
			DiscardNewPerSubject: true,
			Storage:              jetstream.FileStorage,
			Replicas:             replicas,
			Duplicates:           2 * time.Minute,
			Metadata:             map[string]string{modelsKey: strings.Join(slices.Sorted(slices.Values(layout.Models)), " ")},
		},
		{
			Name:                 StreamHooks,
			Subjects:             []string{job.AllHooks},
			Retention:            jetstream.WorkQueuePolicy,
			MaxMsgs:              mostHooks,
			MaxBytes:             256 * mib,
			MaxMsgSize:           16 * kib,
			MaxMsgsPerSubject:    1,
			Discard:              jetstream.DiscardNew,
			DiscardNewPerSubject: true,
			Storage:              jetstream.FileStorage,
			Replicas:             replicas,
			Duplicates:           2 * time.Minute,
		},
		{
			Name:              StreamDead,
			Subjects:          []string{"dlq.v1.>"},
			MaxBytes:          256 * mib,
			MaxMsgsPerSubject: 1,
			MaxAge:            30 * 24 * time.Hour,
			Discard:           jetstream.DiscardOld,
			Storage:           jetstream.FileStorage,
			Replicas:          replicas,
			Duplicates:        2 * time.Minute,
		},
		{
			Name:              StreamProgress,
			Subjects:          []string{"progress.v1.>"},
			MaxBytes:          64 * mib,
			MaxMsgsPerSubject: 1,
			MaxAge:            time.Hour,
			Discard:           jetstream.DiscardOld,
			Storage:           jetstream.MemoryStorage,
			Replicas:          1,
			Duplicates:        2 * time.Minute,
			AllowDirect:       true,
		},
	}
}

// modelsKey is where TASKS tells the models that the mesh was laid out for, so that
// a consumer which somebody removed is not taken for a model that left the catalogue.
const modelsKey = "stenomesh.models"

// LaidOutFor reports whether TASKS was made for a model's chunks, whether or not
// their consumer is there just now. tasks is the stream as its server tells; one from
// before models were noted was made for any.
func LaidOutFor(model string, tasks *jetstream.StreamInfo) bool {
	models, noted := tasks.Config.Metadata[modelsKey]
	return !noted || slices.Contains(strings.Fields(models), model)
}

// bucket is a key-value bucket made as a stream, because the client's own
// helper forces direct reads on, and those may be served by a follower that is
// behind: a status asked right after a 201 would be 404.
func bucket(name, subject string, maxBytes int64, replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:                   name,
		Subjects:               []string{subject},
		MaxMsgsPerSubject:      1,
		MaxBytes:               maxBytes,
		MaxMsgSize:             512 * kib,
		Discard:                jetstream.DiscardNew,
		Storage:                jetstream.FileStorage,
		Replicas:               replicas,
		Duplicates:             2 * time.Minute,
		AllowRollup:            true,
		DenyDelete:             true,
		AllowDirect:            false,
		AllowMsgTTL:            true,
		SubjectDeleteMarkerTTL: time.Hour,
	}
}

// consumer pairs a durable with its stream.
type consumer struct {
	stream string
	config jetstream.ConsumerConfig
}

// consumers is the one table of durable pull consumers. MaxDeliver is unlimited
// and BackOff unset everywhere: attempts are counted in records, and both would
// leave messages where nobody sees them.
func consumers(models []string) []consumer {
	all := []consumer{
		durable(StreamTasks, ConsumerPre, "tasks.v1.pre.>", Lease, 256),
		durable(StreamJobs, ConsumerAssembler, "$KV."+job.Bucket+".res.>", 5*time.Second, 256),
		durable(StreamJobs, ConsumerHistory, "$KV."+job.Bucket+".job.>", Lease, 512),
		durable(StreamJobs, ConsumerNotify, "$KV."+job.Bucket+".job.>", 5*time.Second, 256),
		durable(StreamHooks, ConsumerHooks, job.AllHooks, Lease, mostHooks),
	}
	for _, model := range models {
		all = append(all, durable(StreamTasks, ConsumerASR(model), job.ModelTasks(model), Lease, 256))
	}
	return all
}

func durable(stream, name, filter string, lease time.Duration, maxAckPending int) consumer {
	return consumer{stream: stream, config: jetstream.ConsumerConfig{
		Durable:       name,
		FilterSubject: filter,
		AckPolicy:     jetstream.AckExplicitPolicy,
		DeliverPolicy: jetstream.DeliverAllPolicy,
		AckWait:       lease,
		MaxDeliver:    -1,
		MaxAckPending: maxAckPending,
		MaxWaiting:    512,
	}}
}
