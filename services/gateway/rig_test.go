package gateway_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/account"
	"github.com/stenomesh/stenomesh/pkg/blob"
	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/catalog"
	"github.com/stenomesh/stenomesh/pkg/health"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/rpc"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	cachev1 "github.com/stenomesh/stenomesh/proto/cache/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	metricsv1 "github.com/stenomesh/stenomesh/proto/metrics/v1"
	"github.com/stenomesh/stenomesh/services/gateway"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a gateway over real parts: an embedded bus, blobs on disk, HTTP over TCP.
// History, accounts, cache and metrics are small programs (fakes_test.go), and the
// workers are what the test does to a job's record (advance, complete).
type rig struct {
	t        testing.TB
	url      string
	bus      *bus.Bus
	store    *job.Store
	files    *job.Files
	blobs    *blob.Disk
	blobDir  string
	history  *history
	accounts *accounts
	cache    *shelf
	diary    *diary
	safe     *safe
	trail    *trail
	client   *http.Client
	service  *gateway.Service
	keyFile  string       // signs its tokens
	stop     func()       // stops the gateway and waits
	arrived  atomic.Int64 // requests whose head the gateway has read
}

// demoOnly is a mesh that has the demo model only.
type demoOnly struct{}

func (demoOnly) Installed(m catalog.Model) bool { return m.Name == "demo" }
func (demoOnly) Loaded() []string               { return []string{"demo"} }

func start(t testing.TB, settings ...func(*gateway.Config)) *rig {
	t.Helper()
	r := &rig{t: t, bus: testkit.Bus(t, "demo"), blobDir: t.TempDir(), trail: &trail{},
		accounts: &accounts{locked: map[string]bool{}, gone: map[string]bool{}, roles: map[string]accountv1.Role{},
			quotas: map[string]*accountv1.Quota{}, keys: map[string]*accountv1.Key{}},
		cache: &shelf{values: map[string][]byte{}, taken: map[string]int64{}},
		diary: &diary{kept: map[string]*historyv1.Delivery{}}, safe: &safe{}}
	r.accounts.notes = account.NewAnnouncer(r.bus.NC, testkit.Log(t))
	var err error
	r.blobs, err = blob.NewDisk(r.blobDir)
	r.ok(err)
	r.store, err = job.Open(t.Context(), r.bus.JS)
	r.ok(err)
	r.history = newHistory(r.blobs)
	r.background(func(ctx context.Context) { _ = r.store.Follow(ctx, r.history.take) })
	r.serve(settings)
	return r
}

// another starts one more gateway over the same parts.
func (r *rig) another(settings ...func(*gateway.Config)) *rig {
	r.t.Helper()
	other := &rig{t: r.t, bus: r.bus, store: r.store, blobs: r.blobs, blobDir: r.blobDir, history: r.history,
		accounts: r.accounts, cache: r.cache, diary: r.diary, safe: r.safe, trail: r.trail}
	other.serve(settings)
	return other
}

func (r *rig) serve(settings []func(*gateway.Config)) {
	r.t.Helper()
	cfg := gateway.DefaultConfig()
	cfg.Addr, cfg.KeyFile, cfg.ModelFallback = "127.0.0.1:0", filepath.Join(r.t.TempDir(), "token.key"), "demo"
	for _, set := range settings {
		set(&cfg)
	}
	r.keyFile = cfg.KeyFile
	service, err := gateway.New(cfg, r.deps())
	r.ok(err)
	service.OnConnState(func(_ net.Conn, state http.ConnState) {
		if state == http.StateActive {
			r.arrived.Add(1)
		}
	})
	r.stop = r.background(func(ctx context.Context) {
		if err := service.Run(ctx); err != nil {
			r.t.Errorf("run: %v", err)
		}
	})
	r.service = service
	addr, err := service.Addr(r.t.Context())
	r.ok(err)
	r.url = "http://" + addr
	transport := &http.Transport{}
	r.t.Cleanup(transport.CloseIdleConnections)
	r.client = &http.Client{Transport: transport}
}

func (r *rig) deps() gateway.Deps {
	log := slog.New(trailing{testkit.Log(r.t).Handler(), r.trail})
	var err error
	r.files, err = job.OpenFiles(r.t.Context(), r.bus.JS)
	r.ok(err)
	control, err := job.NewControl(r.bus.NC)
	r.ok(err)
	r.t.Cleanup(func() { _ = control.Close() })
	models, err := catalog.Default()
	r.ok(err)
	conn := rpc.NewInProcess(log)
	historyv1.RegisterHistoryServiceServer(conn, r.history)
	accountv1.RegisterAccountServiceServer(conn, r.accounts)
	cachev1.RegisterCacheServiceServer(conn, r.cache)
	metricsv1.RegisterMetricsServiceServer(conn, gauges{})
	historyv1.RegisterDeliveryServiceServer(conn, r.diary)
	accountv1.RegisterWebhookServiceServer(conn, r.safe)
	return gateway.Deps{
		Log: log, NC: r.bus.NC, Jobs: r.store, Files: r.files, Control: control, Blobs: r.blobs,
		History: historyv1.NewHistoryServiceClient(conn), Accounts: accountv1.NewAccountServiceClient(conn),
		Cache: cachev1.NewCacheServiceClient(conn), Metrics: metricsv1.NewMetricsServiceClient(conn),
		Secrets: accountv1.NewWebhookServiceClient(conn), Deliveries: historyv1.NewDeliveryServiceClient(conn), JS: r.bus.JS,
		Catalog: models, Models: demoOnly{},
		Health: health.New(log, health.Check{Name: "history", Run: func(context.Context) error {
			r.history.mu.Lock()
			defer r.history.mu.Unlock()
			if r.history.down {
				return errDown
			}
			return nil
		}}),
	}
}

// background runs until the test ends, or the returned function is called.
func (r *rig) background(run func(ctx context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	r.t.Cleanup(stop)
	return stop
}

func (r *rig) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// reply is an answer, read whole.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

// field returns a member of the JSON body as text: strings bare, null as "null".
func (p reply) field(name string) string {
	p.t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(p.body), &members); err != nil {
		p.t.Fatalf("body %q: %v", p.body, err)
	}
	raw := members[name]
	var text string
	if json.Unmarshal(raw, &text) == nil && string(raw) != "null" {
		return text
	}
	return string(raw)
}

// wants fails the test unless the answer has this status, and for a problem this
// code ("" for any answer).
func (p reply) wants(status int, code string) reply {
	p.t.Helper()
	if p.status != status {
		p.t.Fatalf("status %d, want %d: %s", p.status, status, p.body)
	}
	if code != "" && p.code() != code {
		p.t.Fatalf("code %q, want %q: %s", p.code(), code, p.body)
	}
	return p
}

// code is that of a problem, or of an error as OpenAI's clients expect it.
func (p reply) code() string {
	p.t.Helper()
	if code := p.field("code"); code != "" {
		return code
	}
	return p.member("error", "code")
}

// member is a member of an object in the JSON body.
func (p reply) member(object, name string) string {
	p.t.Helper()
	return reply{t: p.t, body: p.field(object)}.field(name)
}

// send makes a request without a user; header is "Name: value" pairs.
func (r *rig) send(method, path, body string, header ...string) reply {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	r.ok(err)
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	return r.do(req)
}

func (r *rig) do(req *http.Request) reply {
	r.t.Helper()
	got, err := r.try(req)
	r.ok(err)
	return got
}

// try is do for goroutines, which must not end the test.
func (r *rig) try(req *http.Request) (reply, error) {
	resp, err := r.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	return reply{t: r.t, status: resp.StatusCode, header: resp.Header, body: string(data)}, err
}

// user is somebody who has logged in.
type user struct {
	*rig
	id    string
	token string
}

func (r *rig) login(name string) user {
	r.t.Helper()
	body := `{"username":"` + name + `","password":"` + passwordOf(name) + `"}`
	got := r.send("POST", "/api/v1/auth/token", body).wants(200, "")
	return user{rig: r, id: "id-" + name, token: got.field("access_token")}
}

func (u user) send(method, path, body string, header ...string) reply {
	u.t.Helper()
	if u.token != "" {
		header = append(header, "Authorization: Bearer "+u.token)
	}
	return u.rig.send(method, path, body, header...)
}

// sound is bytes that could be a recording.
func sound(seed string) string { return "ID3\x04" + strings.Repeat(seed+"\x00\x01", 5000) }

func (u user) put(fileID, content string) reply {
	u.t.Helper()
	return u.send("PUT", "/api/v1/files/"+fileID+"?name="+fileID+".mp3", content, "Content-Type: audio/mpeg")
}

// chunked is put of bytes whose number is not told.
func (u user) chunked(fileID, content string) reply {
	u.t.Helper()
	req, err := http.NewRequestWithContext(u.t.Context(), http.MethodPut, u.url+"/api/v1/files/"+fileID, io.MultiReader(strings.NewReader(content)))
	u.ok(err)
	req.Header.Set("Authorization", "Bearer "+u.token)
	return u.do(req)
}

// task makes a job over a fresh file and returns its id.
func (u user) task(options string) string {
	u.t.Helper()
	u.put("f1", sound("f1"))
	return u.send("POST", "/api/v1/transcription/create", `{"file_id":"f1"`+options+`}`).wants(201, "").field("task_id")
}

func (u user) status(id, query string) reply {
	u.t.Helper()
	return u.send("GET", "/api/v1/transcription/"+id+"/status"+query, "")
}

// poll asks for a status in the background, and returns when the gateway has the
// request; answer waits for what it says.
func (u user) poll(id, query string) (answer func() reply) {
	u.t.Helper()
	req, err := http.NewRequestWithContext(u.t.Context(), http.MethodGet, u.url+"/api/v1/transcription/"+id+"/status"+query, nil)
	u.ok(err)
	req.Header.Set("Authorization", "Bearer "+u.token)
	before := u.arrived.Load()
	var got reply
	answered := make(chan error, 1)
	go func() {
		var err error
		got, err = u.try(req)
		answered <- err
	}()
	testkit.Eventually(u.t, "the poll has arrived", func() bool { return u.arrived.Load() > before })
	return func() reply {
		u.t.Helper()
		u.ok(<-answered)
		return got
	}
}

// advance moves a job's record as a worker does.
func (r *rig) advance(id string, to jobv1.State, changes ...func(*jobv1.Job)) {
	r.t.Helper()
	_, _, err := r.store.Update(r.t.Context(), id, func(record *jobv1.Job) error {
		job.Advance(record, to, time.Now())
		for _, change := range changes {
			change(record)
		}
		return nil
	})
	r.ok(err)
}

// complete stores a transcript of the text and ends the job with it.
func (r *rig) complete(id, text string) {
	r.t.Helper()
	r.completeWith(id, &jobv1.Transcript{Language: "en", DurationMs: 2000, Model: "demo", Engine: "scripted 1", Segments: []*jobv1.Segment{
		{StartMs: 100, EndMs: 1900, Text: text, Language: "en"},
	}})
}

func (r *rig) completeWith(id string, transcript *jobv1.Transcript) {
	r.t.Helper()
	data, err := proto.Marshal(transcript)
	r.ok(err)
	key := job.TranscriptBlobKey(id, 1, "test")
	_, err = blob.Put(r.t.Context(), r.blobs, key, bytes.NewReader(data))
	r.ok(err)
	sum := sha256.Sum256(data)
	r.advance(id, jobv1.State_STATE_COMPLETED, func(record *jobv1.Job) {
		record.Language = transcript.GetLanguage()
		record.Media = &jobv1.Media{DurationMs: transcript.GetDurationMs()}
		record.Transcript = &jobv1.BlobRef{Key: key, Sha256: hex.EncodeToString(sum[:]), Size: int64(len(data))}
	})
}

// old makes a job of long ago that only the history knows.
func (r *rig) old(userID, id string) {
	when := timestamppb.New(time.Now().Add(-48 * time.Hour))
	r.history.set(func(h *history) {
		h.rows[id] = job.Event{ID: id, Revision: 1, Job: &jobv1.Job{
			Id: id, UserId: userID, State: jobv1.State_STATE_COMPLETED, Attempt: 1, CreatedAt: when, UpdatedAt: when, FinishedAt: when,
			Options: &jobv1.Options{Model: "demo", ResolvedModel: "demo"}, Input: &jobv1.Input{Name: "old.mp3"},
		}}
		h.transcripts[id] = &jobv1.Transcript{Segments: []*jobv1.Segment{{EndMs: 1000, Text: "Long ago."}}}
		h.versions[id] = []*jobv1.Transcript{h.transcripts[id]}
	})
}

// leftovers lists all files of the blob store, temporary ones too.
func (r *rig) leftovers() []string {
	r.t.Helper()
	var found []string
	r.ok(filepath.WalkDir(r.blobDir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			found = append(found, path)
		}
		return err
	}))
	return found
}
