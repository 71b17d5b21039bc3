package gateway_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/gateway"
)

// key makes an API key and returns its owner as one who shows it, and its id.
func (u user) key(body string) (user, string) {
	u.t.Helper()
	made := u.send("POST", "/api/v1/auth/keys", body).wants(201, "")
	return user{rig: u.rig, id: u.id, token: made.field("key")}, made.field("id")
}

func TestKeys_areShownOnceAndWorkAsATokenDoes(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann, ben := r.login("ann"), r.login("ben")
	made := ann.send("POST", "/api/v1/auth/keys", `{"name":"CI","expires_at":"2099-01-02T03:04:05+01:00"}`).wants(201, "")
	id, secret := made.field("id"), made.field("key")
	if !regexp.MustCompile(`^sk-[A-Z2-7]{52}$`).MatchString(secret) || !strings.HasPrefix(secret, made.field("prefix")) ||
		made.field("expires_at") != "2099-01-02T02:04:05.000Z" || made.header.Get("Cache-Control") != "no-store" ||
		made.header.Get("Location") != "/api/v1/auth/keys/"+id {
		t.Errorf("made %v %s", made.header, made.body)
	}
	byKey := user{rig: r, id: ann.id, token: secret}

	byKey.task("")
	if got := byKey.send("GET", "/api/v1/user/me", "").wants(200, ""); got.field("username") != "ann" {
		t.Errorf("me %s", got.body)
	}
	shown := byKey.send("GET", "/api/v1/auth/keys/"+id, "").wants(200, "")
	list := ann.send("GET", "/api/v1/auth/keys", "").wants(200, "")
	if shown.field("name") != "CI" || strings.Contains(shown.body+list.body, secret) || !strings.Contains(list.body, id) {
		t.Errorf("shown %s, listed %s", shown.body, list.body)
	}
	ben.send("GET", "/api/v1/auth/keys/"+id, "").wants(404, "key_not_found")
	ben.send("DELETE", "/api/v1/auth/keys/"+id, "").wants(404, "key_not_found")
	if got := ben.send("GET", "/api/v1/auth/keys", ""); got.field("items") != "[]" {
		t.Errorf("another's list %s", got.body)
	}

	byKey.send("DELETE", "/api/v1/auth/keys/"+id, "").wants(204, "")

	ann.send("DELETE", "/api/v1/auth/keys/"+id, "").wants(404, "key_not_found")
	testkit.Eventually(t, "the key is refused", func() bool { return byKey.send("GET", "/api/v1/user/me", "").status == 401 })
	byKey.send("GET", "/api/v1/user/me", "").wants(401, "invalid_api_key")
}

func TestKeys_refuse(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	ann.send("POST", "/api/v1/auth/keys", `{}`).wants(400, "invalid_name")
	ann.send("POST", "/api/v1/auth/keys", `{"name":1}`).wants(400, "invalid_json")
	ann.send("POST", "/api/v1/auth/keys", `{"name":"a","expires_at":"tomorrow"}`).wants(400, "invalid_expiry")
	ann.send("POST", "/api/v1/auth/keys", `{"name":"a","expires_at":"2001-01-01T00:00:00Z"}`).wants(400, "invalid_expiry")
	for _, secret := range []string{"sk-", "sk-x", "sk-" + strings.Repeat("A", 52)} {
		user{rig: r, token: secret}.send("GET", "/api/v1/user/me", "").wants(401, "invalid_api_key")
	}
	over, id := ann.key(`{"name":"a"}`)
	r.accounts.set(func(a *accounts) {
		for _, key := range a.keys {
			if key.GetId() == id {
				key.ExpiresAt = timestamppb.New(time.Now().Add(-time.Second))
			}
		}
	})
	over.send("GET", "/api/v1/user/me", "").wants(401, "invalid_api_key")
}

// A key is removed at one gateway. Another lets its owner's requests go, and no more
// in, although it has let the key in before.
func TestKeys_endOnEveryGatewayAtOnce(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	byKey, id := ann.key(`{"name":"CI"}`)
	task := byKey.task("")
	elsewhere := user{rig: r.another(), id: ann.id, token: byKey.token}
	elsewhere.send("GET", "/api/v1/user/me", "").wants(200, "")
	waiting := elsewhere.poll(task, "?wait=60s")

	ann.send("DELETE", "/api/v1/auth/keys/"+id, "").wants(204, "")

	if got := waiting(); got.status == 401 { // or it was answered before it was ended
		got.wants(401, "invalid_api_key")
	}
	elsewhere.send("GET", "/api/v1/user/me", "").wants(401, "invalid_api_key")
	ann.send("GET", "/api/v1/user/me", "").wants(200, "")
}

func TestKeys_workWithoutDatabaseWhenTheyAreKnown(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	known, _ := ann.key(`{"name":"a"}`)
	other, _ := ann.key(`{"name":"b"}`)
	known.task("")
	r.accounts.set(func(a *accounts) { a.down = true })

	known.task("")
	got := other.send("GET", "/api/v1/user/me", "").wants(503, "history_unavailable")

	if got.header.Get("Retry-After") == "" {
		t.Errorf("header %v", got.header)
	}
}

// A user is disabled at one gateway, and at once out of another, which does not have to
// ask for it.
func TestPatchUser_disablesOnEveryGatewayAtOnce(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "token.key")
	r := start(t, func(c *gateway.Config) { c.KeyFile = key })
	boss, ann, ben := r.login("boss"), r.login("ann"), r.login("ben")
	task := ann.task("")
	other := r.another(func(c *gateway.Config) { c.KeyFile = key })
	byKey, _ := ann.key(`{"name":"CI"}`)
	byKey.rig = other
	elsewhere := user{rig: other, id: ann.id, token: ann.token}
	waiting, waitingByKey := elsewhere.poll(task, "?wait=60s"), byKey.poll(task, "?wait=60s")

	got := boss.send("PATCH", "/api/v1/users/id-ann", `{"active":false}`).wants(200, "")

	if got.field("active") != "false" || got.field("role") != "user" {
		t.Errorf("answered %s", got.body)
	}
	waiting() // not for a minute
	waitingByKey()
	r.accounts.set(func(a *accounts) { a.down = true })
	for _, who := range []user{elsewhere, byKey} {
		if got := who.send("GET", "/api/v1/user/me", ""); got.status != 401 && got.status != 503 {
			t.Errorf("let in: %d %s", got.status, got.body)
		}
	}
	r.accounts.set(func(a *accounts) { a.down = false })
	for _, who := range []user{ann, elsewhere, byKey} {
		who.send("GET", "/api/v1/user/me", "").wants(401, "account_inactive")
	}
	ben.send("GET", "/api/v1/user/me", "").wants(200, "")
	boss.send("PATCH", "/api/v1/users/id-ann", `{"active":true}`).wants(200, "")
	testkit.Eventually(t, "the user is in again", func() bool { return elsewhere.send("GET", "/api/v1/user/me", "").status == 200 })
}

// The note of a change is lost in a break of the connection to the bus.
func TestPatchUser_isFoundOutAboutAfterABreak(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	task := ann.task("")
	waiting := ann.poll(task, "?wait=60s")
	r.accounts.set(func(a *accounts) { a.locked["ann"] = true })
	ann.send("GET", "/api/v1/user/me", "").wants(200, "") // as remembered

	r.ok(r.bus.NC.ForceReconnect())

	waiting()
	ann.send("GET", "/api/v1/user/me", "").wants(401, "account_inactive")
}

func TestPatchUser_changesWhatItNames(t *testing.T) {
	t.Parallel()
	r := start(t)
	boss := r.login("boss")
	patch := func(body string) reply { t.Helper(); return boss.send("PATCH", "/api/v1/users/id-ann", body) }
	none := `{"audio_seconds_per_day":null,"concurrent_jobs":null,"stored_bytes":null}`
	for _, step := range []struct{ body, role, quota string }{
		{`{}`, "user", none},
		{`{"role":"admin","quota":{"audio_seconds_per_day":60}}`, "admin", `{"audio_seconds_per_day":60,"concurrent_jobs":null,"stored_bytes":null}`},
		{`{"quota":{"audio_seconds_per_day":null,"concurrent_jobs":0,"stored_bytes":1}}`, "admin", `{"audio_seconds_per_day":null,"concurrent_jobs":0,"stored_bytes":1}`},
		{`{"role":"user","quota":null}`, "user", `{"audio_seconds_per_day":null,"concurrent_jobs":0,"stored_bytes":1}`},
	} {
		got := patch(step.body).wants(200, "")
		if got.field("role") != step.role || got.field("quota") != step.quota || got.field("active") != "true" {
			t.Errorf("%s: %s", step.body, got.body)
		}
	}
	patch(`{"role":"king"}`).wants(400, "invalid_role")
	patch(`{"password":"short"}`).wants(400, "invalid_password")
	patch(`{"active":"yes"}`).wants(400, "invalid_json")
	patch(`{"quota":{"stored_bytes":-1}}`).wants(400, "invalid_quota")
	patch(`{"quota":{"stored_bytes":"all"}}`).wants(400, "invalid_json")
	patch(`[]`).wants(400, "invalid_json")
	boss.send("PATCH", "/api/v1/users/nobody", `{}`).wants(404, "user_not_found")
	boss.send("PATCH", "/api/v1/users/id-boss", `{"active":false}`).wants(409, "last_admin")
	boss.send("PATCH", "/api/v1/users/id-boss", `{"role":"user"}`).wants(409, "last_admin")
	boss.send("DELETE", "/api/v1/users/id-ann", "").wants(202, "")
	patch(`{"active":true}`).wants(409, "user_is_deleted")
}

// The use of a key is told when the gateway stops, at the latest.
func TestKeys_tellWhenTheyWereUsed(t *testing.T) {
	t.Parallel()
	r := start(t)
	byKey, _ := r.login("ann").key(`{"name":"CI"}`)
	byKey.send("GET", "/api/v1/user/me", "").wants(200, "")

	r.stop()

	r.accounts.set(func(a *accounts) {
		for _, key := range a.keys {
			if key.GetLastUsedAt() == nil {
				t.Errorf("not told: %v", []*accountv1.Key{key})
			}
		}
	})
}
