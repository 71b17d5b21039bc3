package gateway_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/services/gateway"
	"github.com/stenomesh/stenomesh/services/gateway/internal/api"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// open are the routes that anybody may use; all others need a login.
var open = []string{
	"POST /api/v1/auth/token", "GET /api/v1/health", "GET /api/v1/health/ready",
	"GET /health/ready", "GET /health/performance", "GET /health/cache",
	"OPTIONS /api/v1/uploads", "OPTIONS /api/v1/uploads/{$}", "OPTIONS /api/v1/uploads/{upload_id}",
}

// patterns notes which routes there are.
type patterns []string

func (p *patterns) Handle(pattern string, _ web.Handler) { *p = append(*p, pattern) }

func TestGateway_needsALoginForWhatIsAUsers(t *testing.T) {
	t.Parallel()
	r := start(t)
	var all patterns
	(&api.API{}).Register(&all)
	for _, pattern := range all {
		method, path, _ := strings.Cut(pattern, " ")
		if method == http.MethodHead { // its answers have no body; the table of routes has it
			continue
		}
		path = strings.NewReplacer("{file_id}", "a", "{task_id}", "a", "{$}", "").Replace(path)
		if slices.Contains(open, pattern) {
			if got := r.send(method, path, ""); got.status == 401 {
				t.Errorf("%s: %s", pattern, got.body)
			}
			continue
		}
		if got := r.send(method, path, "").wants(401, "login_required"); got.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no WWW-Authenticate", pattern)
		}
		r.send(method, path, "", "Authorization: Bearer e30.e30.").wants(401, "invalid_token")
	}
	if len(all) <= len(open) {
		t.Errorf("only %d routes are there", len(all))
	}
}

func TestGateway_limitsTasksOfAUser(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *gateway.Config) { c.MaxLiveTasks = 2 })
	ann, ben := r.login("ann"), r.login("ben")
	first := ann.task("")
	ann.task("")

	got := ann.send("POST", "/api/v1/transcription/create", `{"file_id":"f1"}`).wants(429, "quota_exceeded")

	if got.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	ben.task("") // has room
	ann.send("POST", "/api/v1/transcription/"+first+"/cancel", "").wants(202, "")
	ann.task("")
}

func TestGateway_withoutFallbackTellsHowToGetTheModel(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *gateway.Config) { c.ModelFallback = "" })
	ann := r.login("ann")
	ann.put("f1", sound("a"))

	got := ann.send("POST", "/api/v1/transcription/create", `{"file_id":"f1","model":"whisper-turbo"}`).wants(422, "model_not_installed")

	if !strings.Contains(got.field("detail"), "steno models pull large-v3-turbo") || got.field("field") != "model" {
		t.Errorf("got %s", got.body)
	}
	id := ann.task("") // names no model: the best that is installed
	if got := ann.send("GET", "/api/v1/transcription/"+id, ""); got.field("model") != "demo" || got.field("warnings") != "[]" {
		t.Errorf("got %s", got.body)
	}
}

func TestGateway_worksWithoutDatabaseAsFarAsItCan(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	id := ann.task("")
	r.history.set(func(h *history) { h.down = true })
	r.accounts.set(func(a *accounts) { a.down = true })

	ann.task("")
	ann.status(id, "").wants(200, "")
	ann.send("GET", "/api/v1/user/history", "").wants(503, "history_unavailable")
	got := ann.status(neverMade, "").wants(503, "history_unavailable")
	r.send("POST", "/api/v1/auth/token", `{"username":"ann","password":"nna"}`).wants(503, "history_unavailable")
	ready := r.send("GET", "/api/v1/health/ready", "").wants(503, "")

	if got.header.Get("Retry-After") == "" || !strings.Contains(ready.field("checks"), `"history":"The history does not answer."`) {
		t.Errorf("status %v, ready %s", got.header, ready.body)
	}
	r.send("GET", "/api/v1/health", "").wants(200, "")
}

func TestGateway_answersOpenQuestions(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")

	for _, path := range []string{"/api/v1/health", "/api/v1/health/ready", "/health/ready"} {
		if got := r.send("GET", path, "").wants(200, ""); got.field("status") != "ok" {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	performance := r.send("GET", "/health/performance", "").wants(200, "")
	if performance.field("rps") != "2" || performance.field("error_rate") != "0.25" {
		t.Errorf("performance %s", performance.body)
	}
	if got := r.send("GET", "/health/cache", "").wants(200, ""); !strings.Contains(got.body, `"kind":"transcript"`) {
		t.Errorf("cache %s", got.body)
	}
	if got := ann.send("GET", "/api/v1/models", "").wants(200, ""); !strings.Contains(got.field("models"), `"installed":true,"loaded":true`) {
		t.Errorf("models %s", got.body)
	}
	if got := ann.send("GET", "/api/v1/user/me", "").wants(200, ""); got.field("username") != "ann" || got.field("role") != "user" {
		t.Errorf("me %s", got.body)
	}
	if got := ann.send("PATCH", "/api/v1/files/a", "").wants(http.StatusMethodNotAllowed, ""); got.header.Get("Allow") != "GET, HEAD, PUT, DELETE, OPTIONS" {
		t.Errorf("allow %q", got.header.Get("Allow"))
	}
}
