package gateway_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/gateway"
	"github.com/stenomesh/stenomesh/services/gateway/internal/token"
)

// Who may use a route.
const (
	everybody = iota
	users
	admins
)

// route is what one route of the API promises. In paths and bodies {file_id},
// {task_id}, {upload_id} and {user_id} stand for a fresh thing of the user who asks.
type route struct {
	pattern string // as registered
	who     int
	body    string // of a good request
	header  []string
	path    string // of a good request, where it is more than the pattern's
	status  int    // of its answer
	missing string // code for a thing that was never made; "" where the route names none
	bad     []refused
}

// refused is a request that a route does not take.
type refused struct {
	why    string
	path   string // "": as in a good request
	body   string
	header []string // instead of those of a good request; nil: the same
	status int
	code   string // "": an answer without a body
}

const jsonType = "Content-Type: application/json"

var large = `{"x":"` + strings.Repeat("x", 1<<20) + `"}`

// badJSON is refused wherever a JSON object is read.
var badJSON = []refused{
	{why: "malformed", body: `{"`, status: 400, code: "invalid_json"},
	{why: "wrong type", body: `[]`, status: 400, code: "invalid_json"},
	{why: "not UTF-8", body: "{\"a\":\"\xff\"}", status: 400, code: "invalid_json"},
	{why: "over-size", body: large, status: 413, code: "body_too_large"},
}

// badRecording is refused wherever a recording is taken.
var badRecording = []refused{
	{why: "empty", body: "", status: 422, code: "empty_file"},
	{why: "wrong type", body: "This is text.", status: 415, code: "unsupported_media"},
	{why: "over-size", body: "ID3" + strings.Repeat("\x00", 1<<20), status: 413, code: "file_too_large"},
	{why: "malformed", body: "--b", header: []string{"Content-Type: multipart/form-data; boundary=b"}, status: 400, code: "incomplete_upload"},
}

// badUpload is refused wherever a resumable upload is asked for.
var badUpload = []refused{
	{why: "another protocol", header: []string{tusType, "Upload-Offset: 0", "Upload-Length: 9"}, status: 412, code: "tus_version"},
}

var badPage = []refused{
	{why: "malformed limit", path: "?limit=many", status: 400, code: "invalid_parameter"},
	{why: "over-size", path: "?limit=1001", status: 400, code: "invalid_parameter"},
	{why: "malformed cursor", path: "?cursor=%FF", status: 400, code: "invalid_cursor"},
}

const (
	formType = "Content-Type: multipart/form-data; boundary=b"
	noFile   = "--b\r\nContent-Disposition: form-data; name=model\r\n\r\nwhisper-1\r\n--b--\r\n"
)

// badForm is refused wherever OpenAI's clients send a recording.
var badForm = []refused{
	{why: "wrong type", body: `{}`, header: []string{jsonType}, status: 400, code: "invalid_form"},
	{why: "malformed", body: "--b", status: 400, code: "invalid_form"},
}

func and(groups ...[]refused) []refused { return slices.Concat(groups...) }

// routes is the table of all routes. A new route needs a row.
var routes = []route{
	{
		pattern: "POST /api/v1/auth/token", body: `{"username":"ann","password":"nna"}`, header: []string{jsonType}, status: 200,
		bad: and(badJSON, []refused{
			{why: "wrong password", body: `{"username":"eve","password":"x"}`, status: 401, code: "invalid_credentials"},
			{why: "nothing", body: `{}`, status: 400, code: "invalid_request"},
		}),
	},
	{pattern: "GET /api/v1/user/me", who: users, status: 200},
	{
		pattern: "POST /api/v1/auth/keys", who: users, body: `{"name":"laptop"}`, status: 201,
		bad: and(badJSON, []refused{
			{why: "no name", body: `{}`, status: 400, code: "invalid_name"},
			{why: "over already", body: `{"name":"x","expires_at":"2001-01-01T00:00:00Z"}`, status: 400, code: "invalid_expiry"},
		}),
	},
	{pattern: "GET /api/v1/auth/keys", who: users, status: 200},
	{pattern: "GET /api/v1/auth/keys/{key_id}", who: users, status: 200, missing: "key_not_found"},
	{pattern: "DELETE /api/v1/auth/keys/{key_id}", who: users, status: 204, missing: "key_not_found"},
	{pattern: "GET /api/v1/user/webhook-secret", who: users, status: 200},
	{pattern: "POST /api/v1/user/webhook-secret", who: users, status: 200},
	{
		pattern: "GET /api/v1/user/history", who: users, status: 200,
		bad: and(badPage, []refused{
			{why: "too deep", path: "?page=1001&limit=10", status: 400, code: "use_cursor"},
			{why: "unknown parameter", path: "?colour=red", status: 400, code: "invalid_parameter"},
			{why: "malformed time", path: "?from=yesterday", status: 400, code: "invalid_parameter"},
			{why: "unknown order", path: "?sort=file_name", status: 400, code: "invalid_parameter"},
		}),
	},
	{pattern: "GET /api/v1/user/stats", who: users, status: 200},
	{pattern: "GET /api/v1/stats", who: users, status: 200},

	{
		pattern: "POST /api/v1/users", who: admins, body: `{"username":"new","password":"long enough"}`, status: 201,
		bad: and(badJSON, []refused{{why: "unknown role", body: `{"username":"x","password":"long enough","role":"king"}`, status: 400, code: "invalid_role"}}),
	},
	{pattern: "GET /api/v1/users", who: admins, status: 200, bad: badPage},
	{pattern: "GET /api/v1/users/{user_id}", who: admins, status: 200, missing: "user_not_found"},
	{
		pattern: "PATCH /api/v1/users/{user_id}", who: admins, body: `{"active":true}`, status: 200, missing: "user_not_found",
		bad: and(badJSON, []refused{{why: "unknown role", body: `{"role":"king"}`, status: 400, code: "invalid_role"}}),
	},
	{pattern: "DELETE /api/v1/users/{user_id}", who: admins, status: 202, missing: "user_not_found"},

	{pattern: "POST /api/v1/files", who: users, body: sound("a"), status: 201, bad: badRecording},
	{
		pattern: "PUT /api/v1/files/{file_id}", path: "/api/v1/files/chosen", who: users, body: sound("a"), status: 201,
		bad: and(badRecording, []refused{{why: "malformed id", path: "/api/v1/files/a%20b", body: sound("a"), status: 400, code: "invalid_file_id"}}),
	},
	{pattern: "GET /api/v1/files/{file_id}", who: users, status: 200, missing: "file_not_found"},
	{
		pattern: "GET /api/v1/files/{file_id}/audio", who: users, status: 200, missing: "file_not_found",
		bad: []refused{{why: "malformed range", header: []string{"Range: bytes=x"}, status: 416, code: "invalid_range"}},
	},
	{pattern: "DELETE /api/v1/files/{file_id}", who: users, status: 204, missing: "file_not_found"},

	{pattern: "OPTIONS /api/v1/uploads", status: 204},
	{pattern: "OPTIONS /api/v1/uploads/{$}", status: 204},
	{pattern: "OPTIONS /api/v1/uploads/{upload_id}", path: uploads + "x", status: 204},
	{
		pattern: "POST /api/v1/uploads", who: users, header: []string{tusHeader, "Upload-Length: 9"}, status: 201,
		bad: and(badUpload, []refused{
			{why: "malformed", header: []string{tusHeader, "Upload-Length: x"}, status: 400, code: "invalid_header"},
			{why: "over-size", header: []string{tusHeader, "Upload-Length: 1048577"}, status: 413, code: "file_too_large"},
		}),
	},
	{
		pattern: "POST /api/v1/uploads/{$}", who: users, header: []string{tusHeader, tusType, "Upload-Length: 30000"}, body: sound("a")[:99], status: 201,
		bad: and(badUpload, []refused{
			{why: "wrong type", body: "x", header: []string{tusHeader, "Upload-Length: 9", jsonType}, status: 415, code: "unsupported_media"},
			{why: "text", body: "This is it", header: []string{tusHeader, "Upload-Length: 10", tusType}, status: 415, code: "unsupported_media"},
		}),
	},
	{pattern: "GET /api/v1/uploads/{upload_id}", who: users, path: uploads + "{upload_id}", status: 404, missing: "upload_not_found"},
	{pattern: "HEAD /api/v1/uploads/{upload_id}", who: users, header: []string{tusHeader}, status: 200, missing: "upload_not_found", bad: []refused{
		{why: "another protocol", header: []string{"Tus-Resumable: 2.0.0"}, status: 412},
	}},
	{
		pattern: "PATCH /api/v1/uploads/{upload_id}", who: users, header: []string{tusHeader, tusType, "Upload-Offset: 0"}, body: sound("a")[:99],
		status: 204, missing: "upload_not_found", bad: and(badUpload, []refused{
			{why: "malformed", header: []string{tusHeader, tusType, "Upload-Offset: x"}, status: 400, code: "invalid_header"},
			{why: "wrong type", header: []string{tusHeader, "Upload-Offset: 0", jsonType}, status: 415, code: "unsupported_media"},
			{why: "over-size", body: sound("a") + sound("b"), status: 413, code: "file_too_large"},
			{why: "another offset", header: []string{tusHeader, tusType, "Upload-Offset: 1"}, status: 409, code: "offset_mismatch"},
		}),
	},
	{pattern: "DELETE /api/v1/uploads/{upload_id}", who: users, header: []string{tusHeader}, status: 204, missing: "upload_not_found", bad: badUpload},
	{
		pattern: "POST /api/v1/uploads/{upload_id}", who: users, header: []string{tusHeader, "X-HTTP-Method-Override: DELETE"}, status: 204,
		missing: "upload_not_found", bad: and(badUpload, []refused{{why: "no method", header: []string{tusHeader}, status: 405, code: "method_not_allowed"}}),
	},

	{
		pattern: "POST /api/v1/transcription/create", who: users, body: `{"file_id":"{file_id}"}`, status: 201, missing: "file_not_found",
		bad: and(badJSON, []refused{
			{why: "wrong member", body: `{"file_id":"x","beam_size":"many"}`, status: 400, code: "invalid_json"},
			{why: "not possible", body: `{"file_id":"{file_id}","temperature":2}`, status: 422, code: "invalid_option"},
		}),
	},
	{pattern: "GET /api/v1/transcription/{task_id}", who: users, status: 200, missing: "task_not_found"},
	{pattern: "DELETE /api/v1/transcription/{task_id}", who: users, status: 204, missing: "task_not_found"},
	{
		pattern: "GET /api/v1/transcription/{task_id}/status", who: users, status: 200, missing: "task_not_found",
		bad: []refused{{why: "malformed", path: "?wait=soon", status: 400, code: "invalid_parameter"}},
	},
	{pattern: "POST /api/v1/transcription/{task_id}/cancel", who: users, status: 202, missing: "task_not_found"},
	{
		pattern: "GET /api/v1/transcription/{task_id}/download", who: users, status: 404, missing: "task_not_found",
		bad: []refused{{why: "unknown format", path: "?format=pdf", status: 400, code: "unknown_format"}},
	},

	{pattern: "GET /api/v1/transcription/{task_id}/events", who: users, path: "/api/v1/transcription/{ended_id}/events", status: 200, missing: "task_not_found"},
	{pattern: "POST /api/v1/transcription/{task_id}/retry", who: users, path: "/api/v1/transcription/{failed_id}/retry", status: 202, missing: "task_not_found"},
	{
		// The good request has the tag of what it changes: see edit_test.go.
		pattern: "PATCH /api/v1/transcription/{task_id}/transcript", who: users, path: "/api/v1/transcription/{ended_id}/transcript",
		body: `{"segments":[{"start":0,"end":1,"text":"Hello."}]}`, header: []string{jsonType, "If-Match: \"other\""}, status: 412, missing: "task_not_found",
		bad: []refused{{why: "no tag", body: `{"segments":[]}`, header: []string{jsonType}, status: 428, code: "precondition_required"}},
	},
	{pattern: "GET /api/v1/transcription/{task_id}/deliveries", who: users, status: 200, missing: "task_not_found"},
	{
		pattern: "POST /api/v1/transcription/{task_id}/deliveries/{delivery_id}/resend", who: users,
		path: "/api/v1/transcription/{task_id}/deliveries/none/resend", status: 404, missing: "task_not_found",
	},

	{pattern: "GET /api/v1/models", who: users, status: 200},

	// Requests that are answered with a transcript are in openai_test.go: they wait for it.
	{pattern: "POST /v1/audio/transcriptions", who: users, body: noFile, header: []string{formType}, status: 400, bad: badForm},
	{pattern: "POST /v1/audio/translations", who: users, body: noFile, header: []string{formType}, status: 400, bad: badForm},
	{pattern: "GET /v1/models", who: users, status: 200},
	{
		pattern: "GET /v1/models/{model}", who: users, path: "/v1/models/demo", status: 200,
		bad: []refused{{why: "unknown model", path: "/v1/models/none", status: 404, code: "model_not_found"}},
	},

	{pattern: "GET /api/v1/health", status: 200},
	{pattern: "GET /api/v1/health/ready", status: 200},
	{pattern: "GET /health/ready", status: 200},
	{pattern: "GET /health/performance", status: 200},
	{pattern: "GET /health/cache", status: 200},

	{pattern: "GET /openapi.yaml", status: 200},
	{pattern: "GET /docs", status: 200},
	{pattern: "GET /{$}", status: 200}, // where it leads
}

func TestRoutes_areAllInTheTable(t *testing.T) {
	t.Parallel()
	var listed []string
	for _, row := range routes {
		listed = append(listed, row.pattern)
	}
	for _, pattern := range start(t).service.Routes() {
		if i := slices.Index(listed, pattern); i < 0 {
			t.Errorf("%s has no row", pattern)
		} else {
			listed = slices.Delete(listed, i, i+1)
		}
	}
	if len(listed) > 0 {
		t.Errorf("no routes, or listed twice: %v", listed)
	}
}

// people are who asks in the tests of routes.
type people struct {
	ann, ben, boss, locked, expired, stranger user
}

func startRoutes(t *testing.T) people {
	t.Helper()
	r := start(t, func(c *gateway.Config) { c.MaxUploadBytes = 1 << 20 })
	p := people{ann: r.login("ann"), ben: r.login("ben"), boss: r.login("boss")}
	keys, err := token.LoadKeys(r.keyFile)
	r.ok(err)
	issue := func(id string, at time.Time) user {
		signed, err := token.NewIssuer(token.NewRing(keys...), func() time.Time { return at }).Issue(id)
		r.ok(err)
		return user{rig: r, id: id, token: signed}
	}
	p.expired = issue(p.ann.id, time.Now().Add(-token.Life-time.Hour))
	r.accounts.set(func(a *accounts) { a.locked["dan"] = true })
	p.locked = issue("id-dan", time.Now())
	p.stranger = user{rig: r, token: "not.a.token"}
	return p
}

// owner is who uses a route rightly.
func (p people) owner(row route) user {
	if row.who == admins {
		return p.boss
	}
	return p.ann
}

func TestRoutes_answerAsDocumented(t *testing.T) {
	t.Parallel()
	p := startRoutes(t)
	for _, row := range routes {
		t.Run(row.pattern, func(t *testing.T) {
			owner := p.owner(row)
			owner.request(t, row, refused{}).wants(row.status, "")
			for _, bad := range row.bad {
				t.Run(bad.why, func(t *testing.T) { owner.request(t, row, bad).wants(bad.status, bad.code) })
			}
			if row.who == everybody {
				owner.anonymous().request(t, row, refused{}).wants(row.status, "")
				return
			}
			row.refuses(t, "no token", p.ann.anonymous(), 401, "login_required")
			row.refuses(t, "wrong token", p.stranger, 401, "invalid_token")
			row.refuses(t, "expired token", p.expired, 401, "invalid_token")
			row.refuses(t, "disabled user", p.locked, 401, "account_inactive")
			if row.who == admins {
				row.refuses(t, "no administrator", p.ann, 403, "admin_only")
			}
		})
	}
}

// refuses fails the test unless the good request is refused to somebody.
func (row route) refuses(t *testing.T, why string, who user, status int, code string) {
	t.Run(why, func(t *testing.T) {
		t.Helper()
		switch {
		case strings.HasPrefix(row.pattern, "HEAD "):
			code = ""
		case strings.Contains(row.pattern, " /v1/"):
			code = "invalid_api_key" // whatever is wrong with it
		}
		who.request(t, row, refused{path: row.of(neverMade), body: strings.ReplaceAll(row.body, "{file_id}", neverMade)}).wants(status, code)
	})
}

// TestRoutes_doNotTellWhatOthersHave asks for what was never made, and for what another
// user has: whatever the answer says, it is the same.
func TestRoutes_doNotTellWhatOthersHave(t *testing.T) {
	t.Parallel()
	p := startRoutes(t)
	for _, row := range routes {
		if row.who != users || row.missing == "" {
			continue
		}
		t.Run(row.pattern, func(t *testing.T) {
			never := p.ben.request(t, row, refused{path: row.of(neverMade), body: strings.ReplaceAll(row.body, "{file_id}", neverMade)})
			theirs := p.ben.request(t, row, refused{path: p.ann.fill(row.of("")), body: p.ann.fill(row.body)})
			if strings.HasPrefix(row.pattern, "HEAD ") {
				never.wants(404, "")
			} else {
				never.wants(404, row.missing)
			}
			if theirs.status != never.status || withoutID(theirs.body) != withoutID(never.body) || len(theirs.header) != len(never.header) {
				t.Errorf("another's: %d %v %s\nnobody's: %d %v %s", theirs.status, theirs.header, theirs.body, never.status, never.header, never.body)
			}
		})
	}
}

var placeholder = regexp.MustCompile(`\{[a-z]+_id\}`)

// of is the path of a good request; id stands for the thing that it names, unless it
// is empty.
func (row route) of(id string) string {
	path := row.path
	if path == "" {
		_, path, _ = strings.Cut(row.pattern, " ")
		path = strings.TrimSuffix(path, "{$}")
	}
	if id == "" {
		return path
	}
	return placeholder.ReplaceAllString(path, id)
}

// request sends the good request of a route, or another.
func (u user) request(t *testing.T, row route, other refused) reply {
	t.Helper()
	method, _, _ := strings.Cut(row.pattern, " ")
	path, body, header := row.of(""), row.body, row.header
	switch {
	case strings.HasPrefix(other.path, "?"):
		path += other.path
	case other.path != "":
		path = other.path
	}
	if other.why != "" || other.body != "" {
		body = other.body
	}
	if other.header != nil {
		header = other.header
	}
	got := u.send(method, u.fill(path), u.fill(body), slices.Clone(header)...)
	got.t = t
	documented(t, row.pattern, got)
	return got
}

// fill puts fresh things of a user in the place of {…_id}.
func (u user) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(name string) string {
		switch name {
		case "{file_id}":
			return u.send("POST", "/api/v1/files", sound("a")).wants(201, "").field("file_id")
		case "{task_id}":
			return u.task("")
		case "{ended_id}":
			return u.transcribed("Hello.")
		case "{failed_id}":
			id := u.task("")
			u.fail(id)
			testkit.Eventually(u.t, "failed", func() bool { return u.status(id, "").field("status") == "failed" })
			return id
		case "{key_id}":
			return u.send("POST", "/api/v1/auth/keys", `{"name":"laptop"}`).wants(201, "").field("id")
		case "{upload_id}":
			return idOf(u.begin(len(sound("a"))))
		default:
			return "id-carl"
		}
	})
}

// anonymous is somebody without a token.
func (r *rig) anonymous() user { return user{rig: r} }

// withoutID is a problem without the id of its request.
func withoutID(body string) string {
	var members map[string]any
	if json.Unmarshal([]byte(body), &members) != nil {
		return body
	}
	delete(members, "request_id")
	rest, _ := json.Marshal(members) // what was JSON is
	return string(rest)
}
