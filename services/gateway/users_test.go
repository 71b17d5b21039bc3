package gateway_test

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway"
)

func TestUsers_areForAdministrators(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	for _, request := range []struct{ method, path string }{
		{"POST", "/api/v1/users"}, {"GET", "/api/v1/users"}, {"GET", "/api/v1/users/id-ann"}, {"DELETE", "/api/v1/users/id-ann"},
		{"PATCH", "/api/v1/users/id-ann"},
	} {
		r.send(request.method, request.path, `{}`).wants(401, "login_required")
		ann.send(request.method, request.path, `{}`).wants(403, "admin_only")
	}
	ann.send("GET", "/api/v1/user/me", "").wants(200, "")
}

func TestUsers_areMadeShownAndListed(t *testing.T) {
	t.Parallel()
	boss := start(t).login("boss")

	made := boss.send("POST", "/api/v1/users", `{"username":"carl","password":"long enough","role":"admin"}`).wants(201, "")
	boss.send("POST", "/api/v1/users", `{"username":"dora","password":"long enough"}`).wants(201, "")

	if made.field("username") != "carl" || made.field("role") != "admin" || made.header.Get("Location") != "/api/v1/users/id-carl" {
		t.Errorf("made %v, %s", made.header, made.body)
	}
	boss.send("POST", "/api/v1/users", `{"username":"carl","password":"long enough"}`).wants(409, "user_exists")
	boss.send("POST", "/api/v1/users", `{"username":"emma","password":"short"}`).wants(400, "invalid_password")
	boss.send("POST", "/api/v1/users", `{"username":"","password":"long enough"}`).wants(400, "invalid_name")
	boss.send("POST", "/api/v1/users", `{"username":"emma","password":"long enough","role":"king"}`).wants(400, "invalid_role")
	boss.send("POST", "/api/v1/users", `{"username":1}`).wants(400, "invalid_json")

	shown := boss.send("GET", "/api/v1/users/id-dora", "").wants(200, "")
	if shown.field("username") != "dora" || shown.field("role") != "user" || shown.field("active") != "true" ||
		shown.field("deletion_requested_at") != "null" {
		t.Errorf("shown %s", shown.body)
	}
	first := boss.send("GET", "/api/v1/users?limit=1", "").wants(200, "")
	second := boss.send("GET", "/api/v1/users?limit=1&cursor="+first.field("next_cursor"), "").wants(200, "")
	if namesOf(t, first) != "carl" || namesOf(t, second) != "dora" || second.field("next_cursor") != "null" {
		t.Errorf("listed %s and %s", first.body, second.body)
	}
	for _, id := range []string{"nobody", "id-%FF", "id-%00", strings.Repeat("x", 100)} {
		boss.send("GET", "/api/v1/users/"+id, "").wants(404, "user_not_found")
		boss.send("DELETE", "/api/v1/users/"+id, "").wants(404, "user_not_found")
	}
	boss.send("GET", "/api/v1/users?limit=0", "").wants(400, "invalid_parameter")
	boss.send("GET", "/api/v1/users?limit=1001", "").wants(400, "invalid_parameter")
	boss.send("GET", "/api/v1/users?cursor=%FF", "").wants(400, "invalid_cursor")
}

func namesOf(t *testing.T, page reply) string {
	t.Helper()
	var view struct {
		Items []struct {
			Username string `json:"username"`
		} `json:"items"`
	}
	if err := json.Unmarshal([]byte(page.body), &view); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, item := range view.Items {
		names = append(names, item.Username)
	}
	return strings.Join(names, " ")
}

// TestDeleteUser_shutsTheDoorOnEveryGateway deletes a user at one gateway. Another,
// which has let the user in before, refuses at once, though it asks nobody.
func TestDeleteUser_shutsTheDoorOnEveryGateway(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "token.key")
	r := start(t, func(c *gateway.Config) { c.KeyFile = key })
	boss, ann, ben := r.login("boss"), r.login("ann"), r.login("ben")
	task := ann.task("")
	other := r.another(func(c *gateway.Config) { c.KeyFile = key })
	elsewhere := user{rig: other, id: ann.id, token: ann.token}
	elsewhere.send("GET", "/api/v1/user/me", "").wants(200, "")
	waiting := elsewhere.poll(task, "?wait=60s")

	boss.send("DELETE", "/api/v1/users/id-ann", "").wants(202, "")

	waiting() // not for a minute: the word of it ends what the user has under way
	r.accounts.set(func(a *accounts) { a.down = true })
	for _, who := range []user{ann, elsewhere} {
		who.send("GET", "/api/v1/user/me", "").wants(401, "account_inactive")
		who.send("GET", "/api/v1/transcription/"+task+"/status", "").wants(401, "account_inactive")
		who.put("f2", sound("f2")).wants(401, "account_inactive")
	}
	r.accounts.set(func(a *accounts) { a.down = false })
	r.send("POST", "/api/v1/auth/token", `{"username":"ann","password":"nna"}`).wants(401, "invalid_credentials")
	ben.send("GET", "/api/v1/user/me", "").wants(200, "")
}

func TestDeleteUser_isOrderedOnceAndShownUntilItIsDone(t *testing.T) {
	t.Parallel()
	r := start(t)
	boss := r.login("boss")

	for range 2 {
		got := boss.send("DELETE", "/api/v1/users/id-ann", "").wants(202, "")
		if got.field("active") != "false" || got.field("deletion_requested_at") == "null" {
			t.Errorf("answered %s", got.body)
		}
	}
	boss.send("GET", "/api/v1/users/id-ann", "").wants(200, "")
	r.accounts.set(func(a *accounts) { a.gone["ann"] = true })
	if got := boss.send("GET", "/api/v1/users/id-ann", "").wants(200, ""); got.field("username") != "null" {
		t.Errorf("half way: %s", got.body)
	}
	r.ok(r.store.FinishErasure(t.Context(), "id-ann", time.Now()))
	testkit.Eventually(t, "the user is gone", func() bool { return boss.send("GET", "/api/v1/users/id-ann", "").status == 404 })
	boss.send("DELETE", "/api/v1/users/id-ann", "").wants(404, "user_not_found")
}

func TestDeleteUser_refuses(t *testing.T) {
	t.Parallel()
	r := start(t)
	boss, ann := r.login("boss"), r.login("ann")

	boss.send("DELETE", "/api/v1/users/id-boss", "").wants(409, "last_admin")
	r.accounts.set(func(a *accounts) { a.down = true })
	got := boss.send("DELETE", "/api/v1/users/id-ann", "").wants(503, "history_unavailable")

	if got.header.Get("Retry-After") == "" {
		t.Errorf("header %v", got.header)
	}
	r.accounts.set(func(a *accounts) { a.down = false })
	ann.send("GET", "/api/v1/user/me", "").wants(200, "")
	boss.send("GET", "/api/v1/user/me", "").wants(200, "")
}

// TestDeleteUser_refusesAnUploadThatEndsAfterwards deletes the user in the middle of an
// upload; the bytes are complete, and nobody's.
func TestDeleteUser_refusesAnUploadThatEndsAfterwards(t *testing.T) {
	t.Parallel()
	r := start(t)
	boss, ann := r.login("boss"), r.login("ann")
	body, rest := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, r.url+"/api/v1/files/f1", body)
	r.ok(err)
	req.Header.Set("Authorization", "Bearer "+ann.token)
	answered := make(chan reply, 1)
	go func() {
		got, err := r.try(req)
		if err != nil {
			t.Error(err)
		}
		answered <- got
	}()
	_, err = io.WriteString(rest, sound("f1"))
	r.ok(err)
	testkit.Eventually(t, "bytes arrive", func() bool { return len(r.leftovers()) == 1 })

	boss.send("DELETE", "/api/v1/users/id-ann", "").wants(202, "")
	r.ok(rest.Close())

	(<-answered).wants(401, "account_inactive")
	files, err := r.files.Get(t.Context(), "id-ann", "f1")
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("there is a record %v, %v", files, err)
	}
}

// TestDeleteUser_refusesThePieceOfAnUploadThatEndsAfterwards is the same for an upload
// that arrives in several requests.
func TestDeleteUser_refusesThePieceOfAnUploadThatEndsAfterwards(t *testing.T) {
	t.Parallel()
	r := start(t)
	boss, ann := r.login("boss"), r.login("ann")
	path := ann.begin(len(sound("f1")))
	answered, rest := ann.patchSlowly(path)
	_, err := io.WriteString(rest, sound("f1"))
	r.ok(err)
	testkit.Eventually(t, "bytes arrive", func() bool { return len(r.leftovers()) == 1 })

	boss.send("DELETE", "/api/v1/users/id-ann", "").wants(202, "")
	r.ok(rest.Close())

	answered().wants(401, "account_inactive")
	upload, _, err := r.files.GetUpload(t.Context(), "id-ann", idOf(path))
	if err != nil || upload.GetOffset() != 0 || len(r.leftovers()) != 0 {
		t.Errorf("there is a record %v, %v and %v", upload, err, r.leftovers())
	}
}

// TestDeleteUser_refusesAJobThatIsMadeAfterwards shows a token of before.
func TestDeleteUser_refusesAJobThatIsMadeAfterwards(t *testing.T) {
	t.Parallel()
	r := start(t)
	boss, ann := r.login("boss"), r.login("ann")
	done := ann.task("")
	r.advance(done, jobv1.State_STATE_TRANSCRIBING)
	r.complete(done, "Hello.")

	boss.send("DELETE", "/api/v1/users/id-ann", "").wants(202, "")

	ann.send("POST", "/api/v1/transcription/create", `{"file_id":"f1"}`).wants(401, "account_inactive")
	ann.send("GET", "/api/v1/transcription/"+done+"/download?format=text", "").wants(401, "account_inactive")
}
