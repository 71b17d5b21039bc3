package transcriber_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/transcriber"
	"github.com/stenomesh/stenomesh/services/transcriber/internal/enginetest"
)

func TestTranscriber_storesWhatWasSaidInAChunk(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := speak(30_000).say(t, 1, 20)
	record := r.accept(t, &jobv1.Options{Language: "en"}, speak(0).say(t, 2, 5), p)
	r.start(t)

	r.queue(t, record, 1)
	result, said := r.result(t, record, 1)

	p.check(t, said)
	if said.GetModel() != "demo" || said.GetEngine() != "scripted 1" || said.GetDurationMs() != p.chunk.GetEndMs()-30_000 {
		t.Errorf("transcript of %q %q, %d ms", said.GetModel(), said.GetEngine(), said.GetDurationMs())
	}
	if result.GetLanguage() != "en" || result.GetLanguageProbability() != 1 || result.GetAudioMs() != said.GetDurationMs() || len(result.GetModelSha256()) != 64 {
		t.Errorf("result %v", result)
	}
}

func TestTranscriber_doesAChunkOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	record := r.accept(t, &jobv1.Options{Language: "en"}, speak(0).say(t, 1, 10))
	r.start(t)
	r.queue(t, record, 0)
	first, _ := r.result(t, record, 0)
	r.waitForEmptyQueue(t)

	r.queue(t, record, 0)
	r.waitForEmptyQueue(t)

	again, _ := r.result(t, record, 0)
	if !proto.Equal(first, again) || r.count("transcribe_chunk") != 1 {
		t.Errorf("done %d times, result %v, then %v", r.count("transcribe_chunk"), first, again)
	}
}

func TestTranscriber_leavesLongSilenceOutAndKeepsTheTimes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := speak(120_000).pause(9_000).say(t, 1, 10).pause(8_000).say(t, 2, 30).pause(14_000).say(t, 3, 60).pause(6_000)
	record := r.accept(t, &jobv1.Options{Language: "en"}, p)
	r.start(t)

	r.queue(t, record, 0)
	_, said := r.result(t, record, 0)

	p.check(t, said)
	if n := r.count("transcribe_window"); n != 2 {
		t.Errorf("%d windows, want 2: there are 44 s of speech", n)
	}
}

func TestTranscriber_joinsWindowsThatOverlap(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := speak(60_000).say(t, 7, 70).say(t, 8, 70).say(t, 9, 70)
	p.chunk.Speech = []*jobv1.Span{{StartMs: p.chunk.GetStartMs(), EndMs: p.chunk.GetEndMs()}} // no silence to cut in
	record := r.accept(t, &jobv1.Options{Language: "en"}, p)
	r.start(t)

	r.queue(t, record, 0)
	_, said := r.result(t, record, 0)

	p.check(t, said)
}

func TestTranscriber_tellsItsProgress(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	record := r.accept(t, &jobv1.Options{Language: "en"}, speak(0).say(t, 1, 60).say(t, 2, 60))
	notes := make(chan *nats.Msg, 100)
	sub, err := r.NC.ChanSubscribe(job.ProgressSubject("ann", record.GetId()), notes)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	r.start(t)

	r.queue(t, record, 0)
	note := &jobv1.Progress{}
	if err := proto.Unmarshal((<-notes).Data, note); err != nil {
		t.Fatal(err)
	}

	if note.GetStage() != jobv1.Stage_STAGE_ASR || note.GetDoneMs() <= 0 || note.GetDoneMs() > note.GetTotalMs() {
		t.Errorf("progress %v", note)
	}
}

func TestTranscriber_storesAnEmptyResultForSilence(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	record := r.accept(t, &jobv1.Options{Language: "en"}, speak(0).pause(5_000))
	r.start(t)

	r.queue(t, record, 0)
	result, said := r.result(t, record, 0)

	if len(said.GetSegments()) != 0 || result.GetLanguage() != "" {
		t.Errorf("heard %v in %q", said.GetSegments(), result.GetLanguage())
	}
}

func TestTranscriber_failsTheChunkOfAModelThatIsNotThere(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	record := r.accept(t, &jobv1.Options{Language: "en"}, speak(0).say(t, 1, 3))
	r.change(t, record, func(j *jobv1.Job) { j.Options.ResolvedModel = "other" })
	r.start(t)

	r.queue(t, record, 0) // in the lane of demo
	result, _ := r.result(t, record, 0)

	if result.GetError().GetCode() != "model_not_installed" {
		t.Errorf("result %v", result)
	}
}

func TestTranscriber_failsWhatWaitsForAModelThatWasRemoved(t *testing.T) {
	t.Parallel()
	for name, installed := range map[string]bool{"beside another model": true, "without any model": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if !installed {
				if err := os.Remove(r.model("demo")); err != nil {
					t.Fatal(err)
				}
			}
			record := r.accept(t, &jobv1.Options{Language: "en", ResolvedModel: "other"}, speak(0).say(t, 1, 3))
			r.queue(t, record, 0)

			r.start(t)
			result, _ := r.result(t, record, 0)

			if result.GetError().GetCode() != "model_not_installed" {
				t.Errorf("result %v", result)
			}
		})
	}
}

func TestTranscriber_findsTasksOfARemovedModelWhileItRuns(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	demo := r.accept(t, &jobv1.Options{Language: "en"}, speak(0).say(t, 1, 3))
	other := r.accept(t, &jobv1.Options{Language: "en", ResolvedModel: "other"}, speak(0).say(t, 2, 3))
	r.start(t)
	r.queue(t, demo, 0)
	r.result(t, demo, 0) // so the queues were looked at

	r.queue(t, other, 0)
	result, _ := r.result(t, other, 0)

	if result.GetError().GetCode() != "model_not_installed" {
		t.Errorf("result %v", result)
	}
}

func TestTranscriber_keepsItsSocketsInTheRunFolder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	run, err := os.MkdirTemp("", "run") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(run) })
	dead := filepath.Join(run, "steno-78") // a killed process left it
	if err := os.Mkdir(dead, 0o700); err != nil {
		t.Fatal(err)
	}
	r.cfg.RunDir = run
	enginetest.SetScript(t, r.model("demo"), `{"load": "hang"}`)
	record := r.accept(t, &jobv1.Options{Language: "en"}, speak(0).say(t, 1, 3))
	r.start(t)
	if _, err := os.Stat(dead); !os.IsNotExist(err) {
		t.Errorf("what a dead process left is still there: %v", err)
	}

	r.queue(t, record, 0)

	testkit.Eventually(t, "the load has begun", func() bool {
		found, err := filepath.Glob(filepath.Join(run, "steno-*"))
		return err == nil && len(found) == 1
	})
}

func TestTranscriber_changesModelsWhenTheirTasksCome(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.install(t, "other")
	r.cfg.MaxModels = 1
	demo := r.accept(t, &jobv1.Options{Language: "en"}, speak(0).say(t, 1, 3))
	other := r.accept(t, &jobv1.Options{Language: "en", ResolvedModel: "other"}, speak(0).say(t, 2, 3))
	r.start(t)

	r.queue(t, demo, 0)
	r.result(t, demo, 0)
	r.queue(t, other, 0)
	_, said := r.result(t, other, 0)

	if said.GetModel() != "other" {
		t.Errorf("transcribed by %q", said.GetModel())
	}
}

func TestTranscriber_leavesNothingBehind(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	record := r.accept(t, &jobv1.Options{Language: "en"}, speak(0).say(t, 1, 3))
	stop := r.start(t)
	r.queue(t, record, 0)
	r.result(t, record, 0)
	if n := r.engines(t); n != 1 {
		t.Fatalf("%d engines run, want 1", n)
	}

	stop()

	if n := r.engines(t); n != 0 {
		t.Errorf("%d engines still run", n)
	}
}

func TestNew_saysWhatIsMissing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	deps := transcriber.Deps{Bus: r.Bus, Jobs: r.jobs, Blobs: r.blobs, Catalog: r.catalog, Log: testkit.Log(t)}
	for name, change := range map[string]func(*transcriber.Config){
		"engine": func(c *transcriber.Config) { c.Engine = r.model("engine") },
		"slots":  func(c *transcriber.Config) { c.Slots = -1 },
		"cores":  func(c *transcriber.Config) { c.Cores = 0 },
		"models": func(c *transcriber.Config) { c.ModelDirs = "" },
		"room":   func(c *transcriber.Config) { c.MaxModels = 0 },
		"memory": func(c *transcriber.Config) { c.MaxMemory = -1 },
		"limit":  func(c *transcriber.Config) { c.Limit.Base = 0 },
	} {
		cfg := r.cfg
		change(&cfg)

		if _, err := transcriber.New(cfg, deps); err == nil {
			t.Errorf("%s: New does not complain", name)
		}
	}
}
