//go:build scale

package scale_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stenomesh/stenomesh/services/mesh/internal/bench"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
	"github.com/stenomesh/stenomesh/services/steno/client"
)

const (
	crew       = 3   // replicas
	crewFaster = 2.7 // times, at least
	unlike     = 0.1 // part by which processor times of the same work may differ
)

// One recording of an hour is done by three transcribers, of a core each, in less
// than 1/2.7 of the time that one takes. Where there are no four cores, each has, with
// its engine, a share of one and the same: cores may be halves of a real one, so that
// what runs on one of them slows down what runs on the other.
func TestRecording_isDoneByThreeInAThirdOfTheTime(t *testing.T) {
	seconds := setting(t, "STENOMESH_SCALE_SECONDS", 3600)
	recording := meshtest.Compose(t, meshtest.Composition{Language: "en", Seconds: seconds, Pause: meshtest.Pauses, Seed: 3})
	shares := newShares(t)
	cluster := meshtest.StartCluster(t, meshtest.Layout{
		Engine: "whisper-engine", Replicas: map[string]int{"transcriber": crew},
		Flags: map[string][]string{"transcriber": {"-transcriber.slots", "1", "-transcriber.cores", "1"}},
	})
	transcribers := cluster.Replicas["transcriber"]
	for n, share := range shares.each {
		if err := share.take(t, transcribers[n].PID()); err != nil {
			notShown(t, err)
		}
	}
	three := timed(t, cluster, recording)
	fmt.Printf("%.0f s of audio, %d replicas of %s each: %.0f s\n", recording.Seconds, crew, shares, three.transcribing)
	for _, p := range transcribers[1:] {
		p.Stop()
	}
	one := timed(t, cluster, recording)

	faster, alike := one.transcribing/three.transcribing, one.processors/three.processors
	show(t, fmt.Sprintf("One recording of %.0f s, narrowest search, transcriber replicas of %s each", recording.Seconds, shares), []bench.Row{
		row("1 replica: chunks ready to transcript", one.transcribing, "s", one.String()),
		row("3 replicas: chunks ready to transcript", three.transcribing, "s", three.String()),
		row("  times faster", faster, "ratio", fmt.Sprintf("aim %.1f or more; of the whole job %.2f", crewFaster, one.whole/three.whole)),
		row("  times faster, by processor time", faster/alike, "ratio", "if both runs had taken as much of it; hardly sees other load"),
	})
	if faster < crewFaster {
		t.Errorf("three replicas are %.2f times as fast as one, want %.1f", faster, crewFaster)
	}
	if alike < 1-unlike || alike > 1+unlike {
		t.Errorf("one took %.2f times the processor time of three for the same work: other load disturbed them, measure again", alike)
	}
}

// shares are what the replicas have.
type shares struct {
	cores float64
	each  []share // empty where a replica can have a core
}

func (s shares) String() string {
	if len(s.each) == 0 {
		return "a core"
	}
	return fmt.Sprintf("%.2f of one core", s.cores)
}

// newShares makes one for each replica, unless there is a core for each, and one for
// the rest of the mesh.
func newShares(t *testing.T) shares {
	t.Helper()
	if runtime.NumCPU() > crew {
		return shares{cores: 1}
	}
	s := shares{cores: setting(t, "STENOMESH_SCALE_SHARE", 0.96/crew)}
	for n := range crew {
		one, err := newShare(t, fmt.Sprint(n), s.cores)
		if err != nil {
			notShown(t, err)
		}
		s.each = append(s.each, one)
	}
	return s
}

// notShown ends the test where the machine does not allow to measure this.
func notShown(t *testing.T, err error) {
	t.Helper()
	t.Fatalf("NOT SHOWN what three replicas of a core each do: that takes %d cores, or as root control groups to share %d: %v",
		crew+1, runtime.NumCPU(), err)
}

// times of a job, in seconds. Processors is their time that transcribers and engines
// took: that of one and of three should be alike, or something else disturbed one.
type times struct{ preparing, transcribing, whole, processors float64 }

func (w times) String() string {
	return fmt.Sprintf("processor time %.1f s; whole job %.1f s, %.1f s of that preparing", w.processors, w.whole, w.preparing)
}

// timed has a recording transcribed, with the narrowest search, which takes half the
// time.
func timed(t *testing.T, cluster *meshtest.Cluster, recording meshtest.Recording) times {
	t.Helper()
	user, before := cluster.Client(t), look(t, cluster)
	created, err := user.Create(t.Context(), client.NewJob{
		FileID: meshtest.Upload(t, user, recording.Path), Model: "demo", Language: "en", BeamSize: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := user.Watch(t.Context(), created.TaskID, nil); err != nil {
		t.Fatal(err)
	}
	ended, err := user.Job(t.Context(), created.TaskID)
	if err != nil || ended.Status.Status != "completed" {
		t.Fatalf("the job ended %s: %+v, %v", ended.Status.Status, ended.Error, err)
	}
	took := times{whole: ended.FinishedAt.Sub(ended.CreatedAt).Seconds(), processors: look(t, cluster).since(before).transcribers}
	for _, stage := range ended.Timings {
		switch stage.Stage {
		case "preprocessing":
			took.preparing = stage.Seconds
		case "transcribing":
			took.transcribing = stage.Seconds
		}
	}
	return took
}
