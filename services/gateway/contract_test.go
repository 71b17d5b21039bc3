package gateway_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

func TestContract_isValidAndComplete(t *testing.T) {
	t.Parallel()
	w := theContract(t)

	err := w.document.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation())

	if err != nil || !strings.HasPrefix(w.document.OpenAPI, "3.1") {
		t.Errorf("version %s: %v", w.document.OpenAPI, err)
	}
	ids := map[string]bool{}
	for pattern, operation := range w.operations() {
		if operation.OperationID == "" || ids[operation.OperationID] || operation.Summary == "" || len(operation.Tags) != 1 ||
			w.document.Tags.Get(operation.Tags[0]) == nil {
			t.Errorf("%s: id %q, tags %v, summary %q", pattern, operation.OperationID, operation.Tags, operation.Summary)
		}
		ids[operation.OperationID] = true
	}
}

func TestContract_hasAllRoutesAndNoOther(t *testing.T) {
	t.Parallel()
	operations := theContract(t).operations()
	for _, pattern := range start(t).service.Routes() {
		method, path := place(pattern)
		if operations[method+" "+path] == nil {
			t.Errorf("%s is not in the contract", pattern)
		}
		delete(operations, method+" "+path)
	}
	if len(operations) > 0 {
		t.Errorf("no routes: %v", slices.Sorted(maps.Keys(operations)))
	}
}

// TestContract_saysWhoMayUseARoute compares it with the table of routes. What the routes
// answer is compared wherever that table is used.
func TestContract_saysWhoMayUseARoute(t *testing.T) {
	t.Parallel()
	operations := theContract(t).operations()
	for _, row := range routes {
		method, path := place(row.pattern)
		operation := operations[method+" "+path]
		if operation == nil {
			continue // TestContract_hasAllRoutesAndNoOther tells
		}
		open := operation.Security != nil && len(*operation.Security) == 0
		adminsOnly := operation.Responses.Value("403") != nil
		if open != (row.who == everybody) || adminsOnly != (row.who == admins) {
			t.Errorf("%s: without login %v, for administrators %v", row.pattern, open, adminsOnly)
		}
	}
}

// TestContract_goodRequestsFit holds bodies of the table's good requests against the
// contract.
func TestContract_goodRequestsFit(t *testing.T) {
	t.Parallel()
	w := theContract(t)
	for _, row := range routes {
		method, path := place(row.pattern)
		operation := w.operations()[method+" "+path]
		if operation == nil || operation.RequestBody == nil {
			continue
		}
		body := operation.RequestBody
		if body.Value.Content["application/json"] == nil || !strings.HasPrefix(row.body, "{") {
			continue
		}
		w.fits(t, row.pattern, []string{"paths", path, strings.ToLower(method), "requestBody", "content", "application/json", "schema"}, row.body)
	}
}

// TestContract_examplesFitTheirSchemas has no members that are not described.
func TestContract_examplesFitTheirSchemas(t *testing.T) {
	t.Parallel()
	w := theContract(t)
	for name, schema := range w.document.Components.Schemas {
		for _, example := range schema.Value.Examples {
			w.exampleFits(t, name, example)
		}
	}
	for name, example := range w.document.Components.Examples {
		schema := "Problem"
		if strings.HasPrefix(name, "openai_") {
			schema = "OpenAIError"
		}
		w.exampleFits(t, schema, example.Value.Value)
		members, _ := example.Value.Value.(map[string]any)
		if code := members["code"]; schema == "Problem" && code != name {
			t.Errorf("the example %s has the code %v", name, code)
		}
	}
}

func (w written) exampleFits(t *testing.T, schema string, example any) {
	t.Helper()
	text, err := json.Marshal(example)
	if err != nil {
		t.Fatal(err)
	}
	w.fits(t, "example of "+schema, []string{"components", "schemas", schema}, string(text))
}

// TestContract_hasNoCodesOfThePast finds each code in the programs.
func TestContract_hasNoCodesOfThePast(t *testing.T) {
	t.Parallel()
	missing := map[string]bool{}
	for name := range theContract(t).document.Components.Examples {
		missing[strings.TrimPrefix(name, "openai_")] = true
	}
	for _, folder := range []string{"..", "../../pkg"} {
		err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			for code := range missing {
				if bytes.Contains(source, []byte(`"`+code+`"`)) {
					delete(missing, code)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(missing) > 0 {
		t.Errorf("nothing answers with %v", slices.Sorted(maps.Keys(missing)))
	}
}

// TestContract_otherAnswersFit asks for what the table of routes has no good request for.
func TestContract_otherAnswersFit(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	const task = "GET /api/v1/transcription/{task_id}"
	id := ann.transcribed("Hello there.")
	for pattern, path := range map[string]string{
		task: "", task + "/status": "/status", task + "/download": "/download?format=json", task + "/deliveries": "/deliveries",
	} {
		documented(t, pattern, ann.send("GET", "/api/v1/transcription/"+id+path, "").wants(200, ""))
	}
	for _, format := range []string{"text", "srt", "vtt", "tsv", "csv", "lrc", "docx"} {
		documented(t, task+"/download", ann.send("GET", "/api/v1/transcription/"+id+"/download?format="+format, "").wants(200, ""))
	}
	tag := ann.send("GET", "/api/v1/transcription/"+id+"/download", "").wants(200, "").header.Get("Etag")
	documented(t, "PATCH /api/v1/transcription/{task_id}/transcript", ann.send("PATCH", "/api/v1/transcription/"+id+"/transcript",
		`{"segments":[{"start":0,"end":1,"text":"Hello."}]}`, jsonType, "If-Match: "+tag).wants(200, ""))
	documented(t, "GET /api/v1/user/history", ann.send("GET", "/api/v1/user/history", "").wants(200, ""))

	const transcriptions = "POST " + transcriptionsPath
	for _, format := range []string{"json", "text", "srt", "verbose_json", "vtt", "diarized_json"} {
		documented(t, transcriptions, ann.answered(interview(), transcriptionsPath, "model=whisper-1", "response_format="+format))
	}
	documented(t, transcriptions, ann.answered(interview(), transcriptionsPath, "model=whisper-1", "include[]=logprobs"))
	documented(t, transcriptions, ann.answered(interview(), transcriptionsPath, "model=whisper-1", "stream=true"))
	documented(t, "POST /v1/audio/translations", ann.answered(interview(), "/v1/audio/translations", "model=whisper-1", "response_format=verbose_json"))
}

// TestContract_webhooksFit reads what a receiver hears, and the log of it.
func TestContract_webhooksFit(t *testing.T) {
	t.Parallel()
	ann := start(t, local).login("ann")
	e := listen(t, func(n int, w http.ResponseWriter) {
		if n == 1 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	const log = "GET /api/v1/transcription/{task_id}/deliveries"
	id := ann.ended(e.url, jobv1.State_STATE_FAILED)

	for _, h := range e.hears(t, 2) {
		theContract(t).fits(t, "webhook", []string{"components", "schemas", "Webhook"}, h.body)
	}
	testkit.Eventually(t, "the hook is settled", func() bool { return ann.queued() == 0 })
	documented(t, log, ann.send("GET", "/api/v1/transcription/"+id+"/deliveries", "").wants(200, ""))
	documented(t, "POST /api/v1/transcription/{task_id}/deliveries/{delivery_id}/resend",
		ann.send("POST", "/api/v1/transcription/"+id+"/deliveries/"+id+"_1_failed/resend", "").wants(202, ""))
	e.hears(t, 3)
}

func TestContract_isServedAndKept(t *testing.T) {
	t.Parallel()
	r := start(t)
	for path, kind := range map[string]string{"/openapi.yaml": "application/yaml", "/docs": "text/html; charset=utf-8"} {
		got := r.send("GET", path, "").wants(200, "")
		if got.header.Get("Content-Type") != kind || !strings.HasPrefix(got.header.Get("Cache-Control"), "public") {
			t.Errorf("%s: %v", path, got.header)
		}
		again := r.send("GET", path, "", "If-None-Match: "+got.header.Get("Etag")).wants(304, "")
		if again.body != "" {
			t.Errorf("%s again: %s", path, again.body)
		}
	}
	r.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if got := r.send("GET", "/", "").wants(302, ""); got.header.Get("Location") != "/docs" {
		t.Errorf("leads to %q", got.header.Get("Location"))
	}
}

// TestContract_pageLoadsNothing reads the page: it has every route, and nothing that a
// browser would fetch or run.
func TestContract_pageLoadsNothing(t *testing.T) {
	t.Parallel()
	r := start(t)
	got := r.send("GET", "/docs", "").wants(200, "")
	for _, no := range []string{"<script", "<link", "<img", "<iframe", "@import", "url(", " src=", "href=\"http", "ZgotmplZ"} {
		if strings.Contains(got.body, no) {
			t.Errorf("the page has %s", no)
		}
	}
	policy := got.header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %s", policy)
	}
	for _, pattern := range r.service.Routes() {
		if method, path := place(pattern); !strings.Contains(got.body, `<span class="method">`+method+`</span> `+path) {
			t.Errorf("the page does not have %s", pattern)
		}
	}
}
