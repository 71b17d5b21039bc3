package bus

import "github.com/stenomesh/stenomesh/pkg/job"

// Subjects that are no stream's, and those of keys in the buckets.
const (
	records       = "$KV." + job.Bucket + ".job.*"
	claims        = "$KV." + job.Bucket + ".idem.*.*"
	plans         = "$KV." + job.Bucket + ".plan.*.*"
	results       = "$KV." + job.Bucket + ".res.*.*.*"
	attempts      = "$KV." + job.Bucket + ".att.*.*."
	recordFeed    = "$KV." + job.Bucket + ".job.>"
	erasures      = "$KV." + job.Bucket + ".erase.*"
	erasureFeed   = "$KV." + job.Bucket + ".erase.>"
	files         = "$KV." + job.FilesBucket + ".*.*"
	uploads       = "$KV." + job.FilesBucket + ".*.upload.*"
	fileFeed      = "$KV." + job.FilesBucket + ".>"
	cancellations = "ctl.v1.cancel.*"
	progress      = "progress.v1.*.*"
	workers       = "wrk.v1.hb."
	observations  = "obs.v1."
	changedUsers  = "accounts.v1.changed"
)

// user is who may log in: a service, which has one key however many processes of
// it run.
type user struct {
	name   string
	rights []right
}

// users is the one table of who may do what on a bus that services share. The cache
// has no business there. What is not listed is refused; what a service
// does anew is denied until it stands here.
func users() []user {
	return []user{
		observed("gateway",
			reads("status of jobs, and how full the bucket is", StreamJobs),
			publishes("accepts, cancels and deletes jobs", records),
			publishes("remembers idempotency keys", claims),
			follows("status while jobs live", StreamJobs, recordFeed),
			publishes("orders the erasure of users", erasures),
			follows("refuses erased users", StreamJobs, erasureFeed),
			reads("recordings of users, and how full the bucket is", StreamFiles),
			publishes("makes and removes recordings", files),
			publishes("notes how far uploads are", uploads),
			binds("the tasks of a cancelled job are removed", StreamTasks),
			purges("the tasks of a cancelled job are removed", StreamTasks),
			publishes("tells workers of cancellations", cancellations),
			hears("its side of cancellations listens, too", cancellations),
			hears("progress within a chunk", "progress.v1.>"),
			hears("which models are loaded", workers+">"),
			takes("tells receivers that jobs have ended", StreamHooks, ConsumerHooks),
			publishes("tells receivers once more", job.AllHooksAgain),
			hears("which users and keys have changed", changedUsers),
			follows("how much a user stores", StreamFiles, fileFeed),
		),
		observed("preprocess", worker("pre",
			takes("its tasks", StreamTasks, ConsumerPre),
			publishes("moves jobs on, or fails them", records),
			publishes("what it found", plans),
		)...),
		observed("dispatcher",
			reads("records and facts", StreamJobs),
			publishes("moves jobs on, completes and removes them", records),
			purges("facts of ended jobs", StreamJobs),
			follows("all jobs", StreamJobs, recordFeed, ConsumerAssembler, ConsumerNotify),
			publishes("erases users", erasures),
			follows("erases users", StreamJobs, erasureFeed, ConsumerAssembler, ConsumerNotify),
			purges("files of erased users", StreamFiles),
			binds("dead letters of erased users", StreamDead),
			purges("dead letters of erased users", StreamDead),
			binds("progress of erased users", StreamProgress),
			purges("progress of erased users", StreamProgress),
			takes("results of chunks", StreamJobs, ConsumerAssembler),
			takes("ends of jobs, of which receivers have to be told", StreamJobs, ConsumerNotify),
			publishes("queues that they have to be told", job.AllHooks),
			binds("hooks of deleted jobs and erased users", StreamHooks),
			purges("hooks of deleted jobs and erased users", StreamHooks),
			binds("recordings that nothing refers to", StreamFiles),
			follows("recordings that nothing refers to", StreamFiles, fileFeed),
			publishes("removes uploads that nobody goes on with", uploads),
			publishes("offers tasks", "tasks.v1.>"),
			binds("which tasks are queued", StreamTasks),
			asks("how busy the workers are, by consumer", StreamTasks, "*"),
			purges("tasks of ended jobs", StreamTasks),
		),
		observed("transcriber", worker("asr",
			// A model's consumer is not told by a prefix of its name, and the catalogue may
			// change; so it is all consumers but that of the others.
			takes("tasks of every model", StreamTasks, "*"),
			never("tasks of every model", taking(StreamTasks, ConsumerPre)...),
			publishes("what it heard", results),
		)...),
		observed("history",
			takes("every change of a job", StreamJobs, ConsumerHistory),
			publishes("tells which users and keys have changed", changedUsers),
		),
		observed("metrics",
			hears("observations of every service", observations+">"),
			binds("jobs that end", StreamJobs),
			follows("jobs that end", StreamJobs, recordFeed),
		),
		{"provisioner", answered("provisioner", provisions("streams and consumers, once at each deployment"))},
	}
}

// worker is what the loop of package work does for each stage. token is the stage's
// in subjects.
func worker(token string, own ...right) []right {
	return append(own,
		reads("records, plans and attempts", StreamJobs),
		publishes("counts attempts", attempts+token+".*"),
		publishes("keeps what was given up", "dlq.v1."+token+".>"),
		publishes("tells how far it is", progress),
		publishes("tells that it is there", workers+token+".*"),
		hears("stops when a job is cancelled", cancellations),
	)
}

// observed is a service that says how long things take.
func observed(name string, rights ...right) user {
	return user{name, answered(name, append(rights, publishes("how long things take", observations+name))...)}
}

// answered gets its own replies and nobody else's.
func answered(name string, rights ...right) []right {
	return append(rights, hears("replies to its requests", inbox(name)+".>"))
}

// inbox is below which replies to a service's requests come.
func inbox(service string) string { return "_INBOX_" + service }
