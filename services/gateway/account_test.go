package gateway_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/services/gateway"
)

func TestLogin_takesJSONAndForms(t *testing.T) {
	t.Parallel()
	r := start(t)
	const form = "Content-Type: application/x-www-form-urlencoded"
	for name, got := range map[string]reply{
		"JSON":          r.send("POST", "/api/v1/auth/token", `{"username":"ann","password":"nna"}`, "Content-Type: application/json"),
		"form":          r.send("POST", "/api/v1/auth/token", "grant_type=password&username=ann&password=nna", form),
		"JSON by curl":  r.send("POST", "/api/v1/auth/token", `{"username":"ann","password":"nna"}`, form),
		"JSON, no type": r.send("POST", "/api/v1/auth/token", `{"username":"ann","password":"nna"}`),
	} {
		got.wants(200, "")
		if got.field("token_type") != "bearer" || got.field("expires_in") != "86400" || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s", name, got.body)
		}
	}
}

func TestLogin_refuses(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.send("POST", "/api/v1/auth/token", `{"username":"ann","password":"wrong"}`).wants(401, "invalid_credentials")
	r.send("POST", "/api/v1/auth/token", `{"username":"ann"}`).wants(400, "invalid_request")
	r.send("POST", "/api/v1/auth/token", `{"username":1}`).wants(400, "invalid_json")
	r.send("POST", "/api/v1/auth/token", ``).wants(400, "invalid_json")
	r.send("POST", "/api/v1/auth/token", `username=ann&password=%FF`, "Content-Type: application/x-www-form-urlencoded").
		wants(400, "invalid_request")
	r.send("POST", "/api/v1/auth/token", `{"username":"`+strings.Repeat("x", 1<<19)+`","password":"wrong"}`).wants(401, "invalid_credentials")
}

func TestLogin_makesOneWaitWhoFailsAgainAndAgain(t *testing.T) {
	t.Parallel()
	r := start(t)
	for range 5 {
		r.send("POST", "/api/v1/auth/token", `{"username":"ann","password":"wrong"}`).wants(401, "invalid_credentials")
	}

	got := r.send("POST", "/api/v1/auth/token", `{"username":"ann","password":"nna"}`).wants(429, "too_many_attempts")

	if got.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
	}
	r.login("ben") // another name is not held up
}

// TestLogin_lockedAccountHasNoAccess logs in at one gateway and shows the token to
// another, which does not remember the user from before.
func TestLogin_lockedAccountHasNoAccess(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "token.key")
	sameKey := func(c *gateway.Config) { c.KeyFile = key }
	ann := start(t, sameKey).login("ann")
	other := start(t, sameKey)
	elsewhere := user{rig: other, id: ann.id, token: ann.token}
	other.accounts.set(func(a *accounts) { a.locked["ann"] = true })

	other.send("POST", "/api/v1/auth/token", `{"username":"ann","password":"nna"}`).wants(401, "invalid_credentials")
	elsewhere.send("GET", "/api/v1/user/me", "").wants(401, "account_inactive")

	other.accounts.set(func(a *accounts) { a.locked["ann"] = false })
	other.login("ann").send("GET", "/api/v1/user/me", "").wants(200, "")
}
