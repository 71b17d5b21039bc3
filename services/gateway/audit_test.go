package gateway_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stenomesh/stenomesh/services/gateway/internal/audit"
)

// trail is what the audit log says, a text each.
type trail struct {
	mu    sync.Mutex
	lines []string
}

func (t *trail) all() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.lines, "\n")
}

// trailing keeps the lines of the audit log and passes on the rest.
type trailing struct {
	slog.Handler
	to *trail
}

func (h trailing) Enabled(context.Context, slog.Level) bool { return true }

func (h trailing) WithAttrs(attributes []slog.Attr) slog.Handler {
	return trailing{h.Handler.WithAttrs(attributes), h.to}
}

func (h trailing) Handle(ctx context.Context, record slog.Record) error {
	if record.Message == "audit" {
		var line []string
		record.Attrs(func(a slog.Attr) bool { line = append(line, a.String()); return true })
		h.to.mu.Lock()
		defer h.to.mu.Unlock()
		h.to.lines = append(h.to.lines, strings.Join(line, " "))
		return nil
	}
	if !h.Handler.Enabled(ctx, record.Level) {
		return nil
	}
	return h.Handler.Handle(ctx, record)
}

func TestAudit_tellsWhoDidWhatAndNoSecret(t *testing.T) {
	t.Parallel()
	r := start(t)
	boss := r.login("boss")
	r.send("POST", "/api/v1/auth/token", `{"username":"hunter2-in-the-wrong-field","password":"ann"}`, "X-Request-Id: r-1").wants(401, "")
	key := boss.send("POST", "/api/v1/auth/keys", `{"name":"CI"}`, "X-Request-Id: r-2").wants(201, "")
	boss.send("DELETE", "/api/v1/auth/keys/"+key.field("id"), "").wants(204, "")
	boss.send("POST", "/api/v1/users", `{"username":"carl","password":"long enough"}`).wants(201, "")
	boss.send("PATCH", "/api/v1/users/id-carl", `{"active":false,"password":"also long enough"}`).wants(200, "")
	boss.send("DELETE", "/api/v1/users/id-carl", "").wants(202, "")

	for _, want := range []string{
		"event=login_succeeded actor=id-boss object=id-boss address=127.0.0.1 request_id=",
		"event=login_failed actor= object=" + audit.Name("hunter2-in-the-wrong-field") + " address=127.0.0.1 request_id=r-1 code=invalid_credentials",
		"event=key_made actor=id-boss object=" + key.field("id") + " address=127.0.0.1 request_id=r-2",
		"event=key_removed actor=id-boss object=" + key.field("id"),
		"event=user_made actor=id-boss object=id-carl",
		"event=user_changed actor=id-boss object=id-carl",
		"active=false password=true",
		"event=user_deleted actor=id-boss object=id-carl",
	} {
		if !strings.Contains(r.trail.all(), want) {
			t.Errorf("%q is not in\n%s", want, r.trail.all())
		}
	}
	for _, secret := range []string{"hunter2", key.field("key"), "long enough", "ssob"} {
		if strings.Contains(r.trail.all(), secret) {
			t.Errorf("%q is told:\n%s", secret, r.trail.all())
		}
	}
}
