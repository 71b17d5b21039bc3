package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/stenomesh/stenomesh/pkg/bus"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway"
)

// ear is a receiver of webhooks that answers as it is told.
type ear struct {
	url string

	mu     sync.Mutex
	answer func(n int, w http.ResponseWriter) // of the nth request, from 1; nil for 204
	heard  []heard
}

type heard struct {
	header http.Header
	body   string
}

func listen(t *testing.T, answer func(n int, w http.ResponseWriter)) *ear {
	t.Helper()
	e := &ear{answer: answer}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		e.mu.Lock()
		e.heard = append(e.heard, heard{r.Header, string(body)})
		n := len(e.heard)
		e.mu.Unlock()
		if e.answer == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		e.answer(n, w)
	}))
	t.Cleanup(server.Close)
	e.url = server.URL + "/ended"
	return e
}

func (e *ear) all() []heard {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]heard{}, e.heard...)
}

// hears waits until n requests have come.
func (e *ear) hears(t *testing.T, n int) []heard {
	t.Helper()
	testkit.Eventually(t, fmt.Sprintf("the receiver hears %d times", n), func() bool { return len(e.all()) >= n })
	return e.all()
}

func verify(t *testing.T, secret string, h heard) {
	t.Helper()
	receiver, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := receiver.Verify([]byte(h.body), h.header); err != nil {
		t.Errorf("signed by %s: %v", secret, err)
	}
}

// local lets receivers be on this machine, and hooks be sent again soon.
func local(cfg *gateway.Config) {
	cfg.OutboundAllow.Set("127.0.0.0/8")
	cfg.WebhookPause = 20 * time.Millisecond
}

// ended makes a job with a receiver, ends it, and queues its hook as the dispatcher
// does.
func (u user) ended(url string, state jobv1.State) (id string) {
	u.t.Helper()
	id = u.task(`,"callback_url":"` + url + `"`)
	u.advance(id, state)
	record, _, err := u.store.Get(u.t.Context(), id)
	u.ok(err)
	for _, hook := range job.Hooks(record, time.Now()) {
		u.ok(u.store.QueueHook(u.t.Context(), hook))
	}
	return id
}

func (u user) deliveries(id string) string {
	u.t.Helper()
	return u.send("GET", "/api/v1/transcription/"+id+"/deliveries", "").wants(200, "").body
}

// queued is how many hooks wait.
func (r *rig) queued() uint64 {
	r.t.Helper()
	stream, err := r.bus.JS.Stream(r.t.Context(), bus.StreamHooks)
	r.ok(err)
	return stream.CachedInfo().State.Msgs
}

func TestWebhook_isSentAgainUntilTheReceiverHasIt(t *testing.T) {
	t.Parallel()
	ann := start(t, local).login("ann")
	e := listen(t, func(n int, w http.ResponseWriter) {
		switch n {
		case 1:
			w.WriteHeader(http.StatusInternalServerError)
		case 2:
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusFound)
		}
	})
	secret := ann.send("GET", "/api/v1/user/webhook-secret", "").wants(200, "").field("secret")

	id := ann.ended(e.url, jobv1.State_STATE_FAILED)

	for _, h := range e.hears(t, 3) {
		verify(t, secret, h)
		if got := h.header.Get("webhook-id"); got != id+"_1_failed" {
			t.Errorf("the id is %q", got)
		}
		if !strings.Contains(h.body, `"type":"transcription.failed"`) || !strings.Contains(h.body, `"data":{"task_id":"`+id+`","status":"failed"}`) {
			t.Errorf("got %s", h.body)
		}
	}
	testkit.Eventually(t, "the hook is settled", func() bool { return ann.queued() == 0 })
	log := ann.deliveries(id)
	for _, want := range []string{
		`"id":"` + id + `_1_failed"`, `"status":"delivered"`, `"next_attempt_at":null`, `"http_status":500`, `"code":"status"`, `"http_status":302`, `"code":"redirect"`, `"http_status":200`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s: %s", want, log)
		}
	}
	if len(e.all()) != 3 {
		t.Errorf("the receiver heard %d times", len(e.all()))
	}
	if got := ann.send("GET", "/api/v1/transcription/"+id, "").wants(200, "").body; !strings.Contains(got, `"callback_url":"`+e.url) {
		t.Errorf("the task does not tell its receiver: %s", got)
	}
}

func TestWebhook_isSignedWithBothSecretsWhileOneIsReplaced(t *testing.T) {
	t.Parallel()
	ann := start(t, local).login("ann")
	e := listen(t, nil)
	old := ann.send("GET", "/api/v1/user/webhook-secret", "").wants(200, "").field("secret")
	fresh := ann.send("POST", "/api/v1/user/webhook-secret", "").wants(200, "").field("secret")
	again := ann.send("GET", "/api/v1/user/webhook-secret", "").wants(200, "")

	ann.ended(e.url, jobv1.State_STATE_COMPLETED)

	h := e.hears(t, 1)[0]
	verify(t, old, h)
	verify(t, fresh, h)
	if old == fresh || again.field("secret") != fresh || !strings.Contains(again.field("previous"), "expires_at") || strings.Contains(again.body, old) {
		t.Errorf("old %s, new %s, now %s", old, fresh, again.body)
	}
	if got := again.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q", got)
	}
}

func TestWebhook_endsWhenTheReceiverIsGone(t *testing.T) {
	t.Parallel()
	ann := start(t, local).login("ann")
	e := listen(t, func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusGone) })

	id := ann.ended(e.url, jobv1.State_STATE_CANCELLED)

	testkit.Eventually(t, "the hook is settled", func() bool { return len(e.all()) > 0 && ann.queued() == 0 })
	if log := ann.deliveries(id); !strings.Contains(log, `"status":"stopped"`) || len(e.all()) != 1 {
		t.Errorf("heard %d times, the log %s", len(e.all()), log)
	}
}

func TestWebhook_isSentOnceMoreWhenItsUserAsks(t *testing.T) {
	t.Parallel()
	r := start(t, local)
	ann := r.login("ann")
	e := listen(t, nil)
	id := ann.ended(e.url, jobv1.State_STATE_COMPLETED)
	first := e.hears(t, 1)[0]
	testkit.Eventually(t, "the hook is settled", func() bool { return ann.queued() == 0 })
	path := "/api/v1/transcription/" + id + "/deliveries/" + id + "_1_completed/resend"

	r.login("bob").send("POST", path, "").wants(404, "task_not_found")
	r.login("bob").send("GET", "/api/v1/transcription/"+id+"/deliveries", "").wants(404, "task_not_found")
	ann.send("POST", strings.Replace(path, "_1_", "_2_", 1), "").wants(404, "delivery_not_found")
	other := ann.task("")
	ann.send("POST", strings.Replace(path, id, other, 1), "").wants(404, "delivery_not_found")
	if got := ann.deliveries(other); strings.TrimSpace(got) != `{"items":[]}` {
		t.Errorf("of a task without a receiver: %s", got)
	}
	ann.send("POST", path, "").wants(202, "")

	second := e.hears(t, 2)[1]
	if second.body != first.body || second.header.Get("webhook-id") != first.header.Get("webhook-id") {
		t.Errorf("got %v and %v", first, second)
	}
	testkit.Eventually(t, "both attempts are logged", func() bool { return strings.Count(ann.deliveries(id), `"http_status":204`) == 2 })
}

func TestWebhook_isNotSentOfWhatIsDeletedNorForWhoIsLocked(t *testing.T) {
	t.Parallel()
	r := start(t, local)
	ann, bob := r.login("ann"), r.login("bob")
	failing := func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) }
	anns, bobs := listen(t, failing), listen(t, failing)
	deleted, locked := ann.ended(anns.url, jobv1.State_STATE_FAILED), bob.ended(bobs.url, jobv1.State_STATE_FAILED)
	anns.hears(t, 1)
	bobs.hears(t, 1)

	ann.send("DELETE", "/api/v1/transcription/"+deleted, "").wants(204, "")
	r.stop() // the next gateway has not met bob yet
	r.accounts.set(func(a *accounts) { a.locked["bob"] = true })
	next := r.another(local)

	testkit.Eventually(t, "both hooks are settled", func() bool { return next.queued() == 0 })
	state := ""
	r.diary.set(func(d *diary) { state = d.kept[locked+"_1_failed"].GetState().String() })
	if state != "DELIVERY_STATE_STOPPED" {
		t.Errorf("the hook of the locked user is %s", state)
	}
}

func TestWebhook_waitsWhileTheHistoryIsAway(t *testing.T) {
	t.Parallel()
	ann := start(t, local).login("ann")
	answered := make(chan struct{})
	e := listen(t, func(int, http.ResponseWriter) { <-answered })
	id := ann.ended(e.url, jobv1.State_STATE_COMPLETED)
	e.hears(t, 1)

	ann.diary.set(func(d *diary) { d.down = true }) // between the request and its log
	close(answered)
	ann.send("GET", "/api/v1/transcription/"+id+"/deliveries", "").wants(503, "")
	ann.diary.set(func(d *diary) { d.down = false })

	testkit.Eventually(t, "the hook is logged and settled", func() bool {
		return strings.Contains(ann.deliveries(id), `"status":"delivered"`) && ann.queued() == 0
	})
	if len(e.all()) != 1 {
		t.Errorf("the receiver heard %d times", len(e.all()))
	}
}

// A receiver of one user takes its time for each of many hooks. Another's hears soon.
func TestWebhook_ofASlowReceiverHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	r := start(t, local)
	ann, bob := r.login("ann"), r.login("bob")
	release := make(chan struct{})
	slow, quick := listen(t, func(int, http.ResponseWriter) { <-release }), listen(t, nil)
	defer close(release)
	for range 12 {
		ann.ended(slow.url, jobv1.State_STATE_FAILED)
	}
	slow.hears(t, 4)

	bob.ended(quick.url, jobv1.State_STATE_FAILED)

	quick.hears(t, 1)
	if n := len(slow.all()); n != 4 {
		t.Errorf("the slow receiver has %d requests at once, want 4", n)
	}
}

func TestWebhook_callsNobodyInside(t *testing.T) {
	t.Parallel()
	ann := start(t, func(cfg *gateway.Config) { cfg.WebhookPause = time.Hour }).login("ann")
	e := listen(t, nil)
	ann.put("f1", sound("f1"))
	for _, url := range []string{e.url, "http://localhost/", "ftp://example.org/", "https://ann:secret@example.org/", "example.org"} {
		got := ann.send("POST", "/api/v1/transcription/create", `{"file_id":"f1","callback_url":"`+url+`"}`).wants(422, "invalid_option")
		if got.field("field") != "callback_url" {
			t.Errorf("%s: %s", url, got.body)
		}
	}
	// A name that leads inside is found out when it is called.
	id := ann.task("")
	ann.advance(id, jobv1.State_STATE_FAILED)
	ann.ok(ann.store.QueueHook(t.Context(), &jobv1.Hook{JobId: id, UserId: ann.id, Attempt: 1, State: jobv1.State_STATE_FAILED, Url: e.url}))

	testkit.Eventually(t, "an attempt is logged", func() bool { return strings.Contains(ann.deliveries(id), `"code":"unreachable"`) })
	if log := ann.deliveries(id); len(e.all()) > 0 || !strings.Contains(log, `"status":"pending"`) || !strings.Contains(log, `"http_status":null`) {
		t.Errorf("heard %d times, the log %s", len(e.all()), log)
	}
}
