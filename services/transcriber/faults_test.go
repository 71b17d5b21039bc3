package transcriber_test

import (
	"testing"

	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
)

func TestTranscriber_stopsWhenTheJobIsCancelled(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	enginetest.SetScript(t, r.model("demo"), `{"rules": [{"do": "hang", "times": 1}]}`)
	unwanted := r.accept(t, &jobv1.Options{Language: "en"}, speak(0).say(t, 1, 5))
	p := speak(0).say(t, 2, 5)
	wanted := r.accept(t, &jobv1.Options{Language: "en"}, p)
	r.start(t)
	r.queue(t, unwanted, 0)
	r.waitForFiring(t, "0.0")

	r.change(t, unwanted, func(j *jobv1.Job) { j.State = jobv1.State_STATE_CANCELLED })
	if err := r.control.Cancel(t.Context(), unwanted.GetId()); err != nil {
		t.Fatal(err)
	}
	r.queue(t, wanted, 0)

	_, said := r.result(t, wanted, 0)
	p.check(t, said)
	r.waitForEmptyQueue(t)
	if r.hasResult(t, unwanted, 0) {
		t.Error("the cancelled chunk has a result")
	}
}

func TestTranscriber_chargesAnEngineThatDiesUnderOneChunk(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	enginetest.SetScript(t, r.model("demo"), `{"rules": [{"do": "crash", "times": 1}]}`)
	p := speak(0).say(t, 1, 10)
	record := r.accept(t, &jobv1.Options{Language: "en"}, p)
	r.start(t)

	r.queue(t, record, 0)
	_, said := r.result(t, record, 0)

	p.check(t, said)
	if counters := r.attempts(t, record, 0); counters.GetAttempts() != 1 || counters.GetInterruptions() != 0 {
		t.Errorf("counters %v, want one attempt", counters)
	}
}

func TestTranscriber_chargesNobodyWhenAnEngineDiesUnderSeveral(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.cfg.Slots = 2
	enginetest.SetScript(t, r.model("demo"), `{"rules": [
		{"do": "hang", "trace": "/1/0", "times": 1}, {"do": "crash", "trace": "/1/1", "times": 1}]}`)
	pieces := []*piece{speak(0).say(t, 1, 10), speak(10_000).say(t, 2, 10)}
	record := r.accept(t, &jobv1.Options{Language: "en"}, pieces...)
	r.start(t)
	r.queue(t, record, 0)
	r.waitForFiring(t, "0.0") // the first chunk is in the engine

	r.queue(t, record, 1)

	for n, p := range pieces {
		_, said := r.result(t, record, uint32(n))
		p.check(t, said)
		if counters := r.attempts(t, record, uint32(n)); counters.GetAttempts() != 0 || counters.GetInterruptions() != 1 {
			t.Errorf("chunk %d has counters %v, want one interruption", n, counters)
		}
	}
}

func TestTranscriber_givesItsChunkBackWhenItStops(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	enginetest.SetScript(t, r.model("demo"), `{"rules": [{"do": "hang", "times": 1}]}`)
	p := speak(0).say(t, 1, 10)
	record := r.accept(t, &jobv1.Options{Language: "en"}, p)
	stop := r.start(t)
	r.queue(t, record, 0)
	r.waitForFiring(t, "0.0")

	stop()
	r.start(t)

	_, said := r.result(t, record, 0)
	p.check(t, said)
	if counters := r.attempts(t, record, 0); counters.GetAttempts() != 0 || counters.GetInterruptions() != 0 {
		t.Errorf("counters %v, want none", counters)
	}
}
