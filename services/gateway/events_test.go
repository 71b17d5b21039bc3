package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/pkg/transcript"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway"
)

// A client drops at random points and goes on at another gateway each time, while the
// chunks of its job are done in any order.
func TestEvents_tellEachSegmentOnceOnAnyReplica(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "token.key")
	sameKey := func(c *gateway.Config) { c.KeyFile = key }
	first := start(t, sameKey)
	second := first.another(sameKey)
	ann := first.login("ann")
	ann.put("f1", sound("f1"))
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 0))
		id := ann.send("POST", "/api/v1/transcription/create", `{"file_id":"f1"}`).wants(201, "").field("task_id")
		work := newWork(random, id, 1+random.IntN(6))
		worker := first.off()
		done := make(chan struct{})
		go func() { defer close(done); worker.perform(work, random.Perm(len(work.parts))) }()

		told := reading{place: ""}
		for n := 0; told.end == ""; n++ {
			gateways := []*rig{first, second}
			told.some(user{rig: gateways[n%2], token: ann.token}, id, 1+n%4) // more each time: it ends
		}
		<-done

		if told.end != "done" || !slices.Equal(told.segments, work.texts()) {
			t.Errorf("seed %d: ended with %q\ntold %q\nwant %q", seed, told.end, told.segments, work.texts())
		}
	}
}

func TestEvents_endIsToldUntilItWasHeard(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann, ben := r.login("ann"), r.login("ben")
	id := ann.task("")
	r.complete(id, "Hello there.")
	testkit.Eventually(t, "completed", func() bool { return ann.status(id, "").field("status") == "completed" })

	all := ann.events(id, "")
	want := `segment 1.1 {"id":0,"start":0.100,"end":1.900,"text":"Hello there.","language":"en",` +
		`"avg_logprob":0,"no_speech_prob":0,"compression_ratio":0,"quality":[]}`
	if len(all) != 2 || all[0].String() != want || all[1].name != "done" || all[1].id != "1.1.end" || all[1].member("segments") != "1" {
		t.Errorf("got %v", all)
	}
	if again := ann.events(id, "1.1"); len(again) != 1 || again[0].name != "done" {
		t.Errorf("to who has the segment: %v", again)
	}
	for _, odd := range []string{"1", "1.x", "-1.0", "99999999999.0", "0.1", "7.3", "\u2603"} {
		if again := ann.events(id, odd); len(again) != 2 {
			t.Errorf("to who was at %q: %v", odd, again)
		}
	}
	got := ann.send("GET", "/api/v1/transcription/"+id+"/events", "", "Last-Event-ID: 1.1.end").wants(204, "")
	if got.body != "" {
		t.Errorf("to who has all: %q", got.body)
	}
	got = ann.send("HEAD", "/api/v1/transcription/"+id+"/events", "").wants(200, "")
	if got.header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("headers %v", got.header)
	}
	ben.send("GET", "/api/v1/transcription/"+id+"/events", "").wants(404, "task_not_found")
	ann.send("GET", "/api/v1/transcription/task-1/events", "").wants(404, "task_not_found")
}

func TestEvents_tellWhatAJobOfLongAgoSaid(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	r.old(ann.id, neverMade)

	all := ann.events(neverMade, "")

	if len(all) != 2 || all[0].member("text") != "Long ago." || all[1].name != "done" {
		t.Errorf("got %v", all)
	}
}

func TestEvents_tellWhyThereIsNoTranscript(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	fail := func(id string) {
		r.advance(id, jobv1.State_STATE_FAILED, func(j *jobv1.Job) { j.Error = &jobv1.Error{Code: "too_long", Message: "Too long."} })
	}
	cancel := func(id string) { ann.send("POST", "/api/v1/transcription/"+id+"/cancel", "").wants(202, "") }
	remove := func(id string) { ann.send("DELETE", "/api/v1/transcription/"+id, "").wants(204, "") }
	for code, end := range map[string]func(id string){"too_long": fail, "job_cancelled": cancel, "task_not_found": remove} {
		id := ann.task("")
		listener := ann.listen(id, "")
		if e, _ := listener.next(); e.name != "status" || e.id != "1.0" || e.member("status") != "queued" {
			t.Errorf("first %v", e)
		}

		end(id)

		if e, _ := listener.next(); e.name != "error" || e.id != "1.0.end" || e.member("code") != code {
			t.Errorf("%s: got %v", code, e)
		}
		if e, more := listener.next(); more {
			t.Errorf("%s: after the end: %v", code, e)
		}
	}
}

func TestEvents_tellProgressAndState(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	id := ann.task("")
	listener := ann.listen(id, "")
	listener.await("status", "stage", "queued")
	r.advance(id, jobv1.State_STATE_TRANSCRIBING, func(j *jobv1.Job) { j.Chunks, j.Media = 2, &jobv1.Media{DurationMs: 10_000} })
	listener.await("status", "stage", "transcribing")

	note, err := proto.Marshal(&jobv1.Progress{JobId: id, Attempt: 1, Stage: jobv1.Stage_STAGE_ASR, Chunk: 1, DoneMs: 5000})
	r.ok(err)
	r.ok(r.bus.NC.Publish(job.ProgressSubject(ann.id, id), note))

	listener.await("progress", "progress", "0.515")
	r.advance(id, jobv1.State_STATE_ASSEMBLING)
	listener.await("status", "stage", "assembling")
}

func TestEvents_endWithTheGatewayAndGoOnElsewhere(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "token.key")
	sameKey := func(c *gateway.Config) { c.KeyFile = key }
	r := start(t, sameKey)
	other := r.another(sameKey)
	ann := r.login("ann")
	id := ann.task("")
	listener := ann.listen(id, "")
	listener.await("status", "stage", "queued")

	r.stop()

	if e, more := listener.next(); more || listener.err != nil {
		t.Errorf("got %v, %v, want an orderly end", e, listener.err)
	}
	other.complete(id, "Hello.")
	elsewhere := user{rig: other, token: ann.token}
	if all := elsewhere.events(id, "1.0"); all[len(all)-1].name != "done" {
		t.Errorf("got %v", all)
	}
}

func TestEvents_areOpenOnlySoOften(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *gateway.Config) { c.MaxStreams = 1 })
	ann := r.login("ann")
	id := ann.task("")
	listener := ann.listen(id, "")
	listener.await("status", "stage", "queued")

	got := ann.send("GET", "/api/v1/transcription/"+id+"/events", "").wants(503, "too_many_streams")
	if got.header.Get("Retry-After") == "" {
		t.Error("without Retry-After")
	}
	listener.close()
	testkit.Eventually(t, "there is room again", func() bool {
		return ann.send("HEAD", "/api/v1/transcription/"+id+"/events", "").status == 200
	})
}

// work is a job of several chunks, and what they say.
type work struct {
	id    string
	plan  *jobv1.Plan
	parts []*jobv1.Transcript
}

func newWork(random *rand.Rand, id string, chunks int) work {
	const length = 20_000
	w := work{id: id, plan: &jobv1.Plan{JobId: id, Attempt: 1, Media: &jobv1.Media{DurationMs: int64(chunks) * length}}}
	for n := range int64(chunks) {
		overlap := int64(0)
		if n > 0 && random.IntN(2) == 0 {
			overlap = 10_000
		}
		begin, end := n*length-overlap, (n+1)*length
		w.plan.Chunks = append(w.plan.Chunks, &jobv1.Chunk{Number: uint32(n), StartMs: begin, EndMs: end, OverlapMs: overlap})
		part := &jobv1.Transcript{Language: "en", DurationMs: end - begin}
		for at := begin; at < end; at += 2000 + random.Int64N(3000) {
			part.Segments = append(part.Segments, sentence(at, fmt.Sprintf("Chunk %d at %d.", n, at)))
		}
		w.parts = append(w.parts, part)
	}
	return w
}

// sentence says words of 300 ms each.
func sentence(at int64, text string) *jobv1.Segment {
	words := strings.Fields(text)
	s := &jobv1.Segment{StartMs: at, EndMs: at + 300*int64(len(words)), Text: text, Language: "en"}
	for n, word := range words {
		from := at + 300*int64(n)
		s.Words = append(s.Words, &jobv1.Word{StartMs: from, EndMs: from + 300, Text: word})
	}
	return s
}

func (w work) whole() *jobv1.Transcript {
	assembly := transcript.NewAssembly(w.plan)
	for _, part := range w.parts {
		assembly.Add(part)
	}
	return &jobv1.Transcript{Language: "en", DurationMs: w.plan.GetMedia().GetDurationMs(), Segments: assembly.Settled()}
}

func (w work) texts() (texts []string) {
	for _, s := range w.whole().GetSegments() {
		texts = append(texts, s.GetText())
	}
	return texts
}

// perform does a job as the workers and the dispatcher do, chunks in this order, and
// removes the facts in the end as the janitor does.
func (r *rig) perform(w work, order []int) {
	r.t.Helper()
	r.ok(r.store.CreatePlan(r.t.Context(), w.plan))
	r.advance(w.id, jobv1.State_STATE_TRANSCRIBING, func(j *jobv1.Job) {
		j.Chunks, j.Media = uint32(len(w.parts)), w.plan.GetMedia()
	})
	for _, n := range order {
		ref := r.keep(w.parts[n], func(sum string) string { return job.ResultBlobKey(w.id, 1, uint32(n), sum) })
		r.ok(r.store.CreateResult(r.t.Context(), &jobv1.ChunkResult{JobId: w.id, Attempt: 1, Chunk: uint32(n), Transcript: ref}))
		r.advance(w.id, jobv1.State_STATE_TRANSCRIBING, func(j *jobv1.Job) {
			job.SetDone(j, uint32(n))
			j.DoneMs += 20_000
		})
	}
	r.advance(w.id, jobv1.State_STATE_ASSEMBLING)
	ref := r.keep(w.whole(), func(sum string) string { return job.TranscriptBlobKey(w.id, 1, sum) })
	r.advance(w.id, jobv1.State_STATE_COMPLETED, func(j *jobv1.Job) { j.Transcript = ref })
	now, err := r.store.Moment(r.t.Context())
	r.ok(err)
	r.ok(r.store.PurgeFacts(r.t.Context(), w.id, now))
}

func (r *rig) keep(t *jobv1.Transcript, key func(sum string) string) *jobv1.BlobRef {
	r.t.Helper()
	data, err := proto.Marshal(t)
	r.ok(err)
	info, err := blob.PutNamed(r.t.Context(), r.blobs, bytes.NewReader(data), key)
	r.ok(err)
	return &jobv1.BlobRef{Key: info.Key, Sha256: info.SHA256, Size: info.Size}
}

// event is one of a stream.
type event struct{ name, id, data string }

func (e event) String() string { return e.name + " " + e.id + " " + e.data }

func (e event) member(name string) string {
	var members map[string]any
	_ = json.Unmarshal([]byte(e.data), &members) // what is none has no members
	return fmt.Sprint(members[name])
}

// listener reads the events of a job.
type listener struct {
	t     testing.TB
	lines *bufio.Scanner
	close func()
	err   error // why there are no more; nil when the stream ended in good order
}

func (u user) listen(id, place string) *listener {
	u.t.Helper()
	ctx, cancel := context.WithCancel(u.t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.url+"/api/v1/transcription/"+id+"/events", nil)
	u.ok(err)
	req.Header.Set("Authorization", "Bearer "+u.token)
	if place != "" {
		req.Header.Set("Last-Event-Id", place)
	}
	resp, err := u.client.Do(req) //nolint:bodyclose // by close
	u.ok(err)
	l := &listener{t: u.t, lines: bufio.NewScanner(resp.Body), close: func() { cancel(); _ = resp.Body.Close() }}
	u.t.Cleanup(l.close)
	if resp.StatusCode != http.StatusOK || resp.Header.Get("X-Accel-Buffering") != "no" {
		u.t.Fatalf("status %d, headers %v", resp.StatusCode, resp.Header)
	}
	return l
}

// next returns the next event; false: there is none.
func (l *listener) next() (e event, more bool) {
	for l.lines.Scan() {
		field, value, _ := strings.Cut(l.lines.Text(), ": ")
		switch field {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			e.data = value
		case "":
			if e.name != "" {
				return e, true
			}
		}
	}
	l.err = l.lines.Err()
	return event{}, false
}

// await reads until an event of this name has a member of this value.
func (l *listener) await(name, member, value string) {
	l.t.Helper()
	limit := time.AfterFunc(time.Minute, l.close)
	defer limit.Stop()
	for {
		e, more := l.next()
		if !more {
			l.t.Fatalf("no %s with %s %s: %v", name, member, value, l.err)
		}
		if e.name == name && e.member(member) == value {
			return
		}
	}
}

// events reads all events behind a place.
func (u user) events(id, place string) (all []event) {
	u.t.Helper()
	l := u.listen(id, place)
	for e, more := l.next(); more; e, more = l.next() {
		all = append(all, e)
	}
	if l.err != nil {
		u.t.Fatal(l.err)
	}
	return all
}

// reading is how far a client has come that drops again and again.
type reading struct {
	place    string // Last-Event-ID
	segments []string
	end      string
}

// some reads at most so many events and drops.
func (r *reading) some(u user, id string, most int) {
	l := u.listen(id, r.place)
	defer l.close()
	for range most {
		e, more := l.next()
		if !more {
			return
		}
		r.place = e.id
		switch e.name {
		case "segment":
			r.segments = append(r.segments, e.member("text"))
		case "done", "error":
			r.end = e.name
		}
	}
}
