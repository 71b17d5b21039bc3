package bus_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/roster"
	"github.com/stenomesh/stenomesh/pkg/telemetry"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	metricsv1 "github.com/stenomesh/stenomesh/proto/metrics/v1"
)

// A job goes its way with every service doing its part by the packages that it really
// uses, under its own key. Nothing of it may be denied.
func TestRights_letAJobGoItsWay(t *testing.T) {
	t.Parallel()
	for forms, extra := range map[string]string{
		"acknowledged in today's form":   "",
		"acknowledged in the coming one": "\nfeature_flags { js_ack_fc_v2: true }\n",
	} {
		t.Run(forms, func(t *testing.T) {
			t.Parallel()
			m := startMesh(t, extra)

			m.accept()
			m.prepare()
			m.transcribe()
			m.assemble()
			m.tell()
			m.callBack()
			m.cancel()
			m.clearUp()

			m.nothingWasDenied()
		})
	}
}

func TestRights_letEveryServiceAnnounceWhatOthersHear(t *testing.T) {
	t.Parallel()
	m := startMesh(t, "")
	workers, err := roster.Follow(m.of("gateway").NC)
	m.must(err)
	heard := make(chan *nats.Msg, len(m.buses))
	_, err = m.of("metrics").NC.ChanSubscribe(telemetry.AllSubjects, heard)
	m.must(err)
	m.must(errors.Join(m.of("gateway").NC.Flush(), m.of("metrics").NC.Flush()))

	for service, stage := range map[string]jobv1.Stage{"preprocess": jobv1.Stage_STAGE_PRE, "transcriber": jobv1.Stage_STAGE_ASR} {
		go roster.Announce(t.Context(), m.of(service).NC, func() *jobv1.WorkerBeat {
			return &jobv1.WorkerBeat{Instance: service + "-1", Stage: stage, LoadedModels: []string{"demo"}}
		})
		testkit.Eventually(t, service+" is known", func() bool { return len(workers.Workers(stage)) == 1 })
	}
	for service, b := range m.buses {
		if service == "provisioner" {
			continue
		}
		m.must(telemetry.Publisher(b.NC, service)(&metricsv1.Batch{Source: service}))
		if msg := <-heard; msg.Subject != telemetry.Subject(service) {
			t.Errorf("heard %s of %s", msg.Subject, service)
		}
	}
	m.nothingWasDenied()
}

func TestRights_letTheProvisionerChangeTheLayout(t *testing.T) {
	t.Parallel()
	m := startMesh(t, "")
	larger := bus.DistributedLayout([]string{"demo", "another"}, 1)
	larger.JobsBytes++

	m.must(bus.Provision(m.ctx, m.of("provisioner").JS, larger))

	m.must(bus.Verify(m.ctx, m.of("provisioner").JS, larger))
	m.nothingWasDenied()
}

// accept is the gateway's: a recording, a job, and how full the buckets are.
func (m *mesh) accept() {
	jobs, files := m.records("gateway"), m.files("gateway")
	m.watch("gateway", jobs)
	input := &jobv1.Input{FileId: "f1"}
	m.must(files.Create(m.ctx, &jobv1.File{UserId: "ann", Input: input}))
	_, err := files.Get(m.ctx, "ann", "f1")
	m.must(err)
	_, _, err = jobs.Usage(m.ctx)
	m.must(err)
	_, _, err = files.Usage(m.ctx)
	m.must(err)
	_, err = jobs.Create(m.ctx, &jobv1.Job{Id: m.id, UserId: "ann", State: jobv1.State_STATE_QUEUED, Attempt: 1, Input: input})
	m.must(err)
	if _, err := jobs.Create(m.ctx, &jobv1.Job{Id: m.id}); err == nil {
		m.t.Error("the same job was made twice")
	}
	<-m.seen["gateway"]
}

// prepare is the dispatcher's, which offers the task, and preprocess's.
func (m *mesh) prepare() {
	m.watch("dispatcher", m.records("dispatcher"))
	<-m.seen["dispatcher"]
	notes := make(chan *nats.Msg, 9)
	_, err := m.of("gateway").NC.ChanSubscribe("progress.v1.>", notes)
	m.must(errors.Join(err, m.of("gateway").NC.Flush()))
	m.work("preprocess", bus.ConsumerPre, &stage{jobs: m.records("preprocess")})

	m.offer(&jobv1.Task{JobId: m.id, UserId: "ann", Attempt: 1, Stage: jobv1.Stage_STAGE_PRE})

	m.reaches(jobv1.State_STATE_TRANSCRIBING)
	<-notes
}

// transcribe is the dispatcher's and the transcriber's, for which one chunk is poison.
func (m *mesh) transcribe() {
	m.work("transcriber", bus.ConsumerASR("demo"), &stage{jobs: m.records("transcriber")})

	for chunk := range uint32(2) {
		m.offer(&jobv1.Task{JobId: m.id, UserId: "ann", Attempt: 1, Stage: jobv1.Stage_STAGE_ASR, Chunk: chunk})
	}

	admin := m.records("dispatcher")
	testkit.Eventually(m.t, "both results are there", func() bool {
		ids, err := admin.ResultIDs(m.ctx)
		m.must(err)
		return len(ids) == 2
	})
}

// assemble is the dispatcher's: it takes the results and ends the job.
func (m *mesh) assemble() {
	m.take("dispatcher", bus.StreamJobs, bus.ConsumerAssembler, 2)
	jobs := m.records("dispatcher")
	_, err := jobs.Plan(m.ctx, m.id, 1)
	m.must(err)
	for state := jobv1.State_STATE_ASSEMBLING; state <= jobv1.State_STATE_COMPLETED; state++ {
		_, _, err := jobs.Update(m.ctx, m.id, func(r *jobv1.Job) error { r.State = state; return nil })
		m.must(err)
	}
}

// tell is the history's and the metrics': both learn of the end.
func (m *mesh) tell() {
	m.watch("metrics", m.records("metrics"))
	<-m.seen["metrics"]
	m.take("history", bus.StreamJobs, bus.ConsumerHistory, 1)
	for service, durable := range map[string][2]string{
		"preprocess": {bus.StreamTasks, bus.ConsumerPre}, "transcriber": {bus.StreamTasks, bus.ConsumerASR("demo")},
		"dispatcher": {bus.StreamJobs, bus.ConsumerAssembler}, "history": {bus.StreamJobs, bus.ConsumerHistory},
	} {
		m.must(m.of(service).CheckConsumer(m.ctx, durable[0], durable[1]))
	}
}

// callBack is the dispatcher's, which queues that somebody has to be told, and the
// gateway's, which tells it.
func (m *mesh) callBack() {
	m.take("dispatcher", bus.StreamJobs, bus.ConsumerNotify, 1)
	hook := &jobv1.Hook{JobId: m.id, UserId: "ann", Attempt: 1, State: jobv1.State_STATE_COMPLETED}
	m.must(m.records("dispatcher").QueueHook(m.ctx, hook))
	hook.Again = true
	m.must(m.records("gateway").QueueHook(m.ctx, hook))
	m.take("gateway", bus.StreamHooks, bus.ConsumerHooks, 2)
	m.must(m.records("dispatcher").PurgeHooks(m.ctx, m.id))
}

// cancel is the gateway's, of which workers hear.
func (m *mesh) cancel() {
	for _, worker := range []string{"preprocess", "transcriber"} {
		told := make(chan struct{}, 1)
		m.controls[worker].Watch(m.id, func() { told <- struct{}{} })
		control, err := job.NewControl(m.of("gateway").NC)
		m.must(err)
		m.must(errors.Join(m.of(worker).NC.Flush(), control.Cancel(m.ctx, m.id)))
		<-told
	}
	m.must(m.records("gateway").PurgeTasks(m.ctx, m.id))
	m.must(m.files("gateway").Delete(m.ctx, "ann", "f1"))
}

// clearUp is the dispatcher's, when it has looked at everything.
func (m *mesh) clearUp() {
	js, jobs := m.of("dispatcher").JS, m.records("dispatcher")
	for _, durable := range []string{bus.ConsumerPre, bus.ConsumerASR("demo")} {
		_, err := js.Consumer(m.ctx, bus.StreamTasks, durable)
		m.must(err)
	}
	stream, err := js.Stream(m.ctx, bus.StreamTasks)
	m.must(err)
	_, err = stream.Info(m.ctx, jetstream.WithSubjectFilter("tasks.v1.>"))
	m.must(err)
	ctx, enough := context.WithCancel(m.ctx)
	err = m.files("dispatcher").Follow(ctx, func(event job.FileEvent) {
		if event.CaughtUp {
			enough()
		}
	})
	if !errors.Is(err, context.Canceled) {
		m.t.Error(err)
	}
	now, err := jobs.Moment(m.ctx)
	m.must(err)
	m.must(jobs.PurgeFacts(m.ctx, m.id, now))
	if ids, err := jobs.FactIDs(m.ctx); err != nil || len(ids) != 0 {
		m.t.Errorf("facts of %v are left, %v", ids, err)
	}
	_, revision, err := jobs.Get(m.ctx, m.id)
	m.must(err)
	m.must(jobs.Purge(m.ctx, m.id, revision))
	if letters := fmt.Sprint(m.deadLetters()); letters != "1" {
		m.t.Errorf("%s dead letters", letters)
	}
}
