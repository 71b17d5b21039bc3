package gateway_test

import (
	"encoding/json"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/stenomesh/stenomesh/services/gateway/internal/contract"
)

// written is the contract, as programs read it.
type written struct {
	document *openapi3.T
	schemas  *jsonschema.Compiler // over the whole document, objects with no members but those described
}

const documentURL = "https://stenomesh.example/openapi.json"

var readContract = sync.OnceValues(func() (written, error) {
	var w written
	var whole any
	var err error
	if w.document, err = openapi3.NewLoader().LoadFromData(contract.Document()); err != nil {
		return w, err
	}
	if err := yaml.Unmarshal(contract.Document(), &whole); err != nil {
		return w, err
	}
	text, err := json.Marshal(whole)
	if err != nil {
		return w, err
	}
	tree, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		return w, err
	}
	forbidOthers(tree)
	w.schemas = jsonschema.NewCompiler()
	w.schemas.DefaultDraft(jsonschema.Draft2020)
	w.schemas.AssertFormat()
	return w, w.schemas.AddResource(documentURL, tree)
})

// forbidOthers makes all objects refuse members that are not described.
func forbidOthers(part any) {
	switch part := part.(type) {
	case map[string]any:
		_, open := part["additionalProperties"]
		if _, described := part["properties"].(map[string]any); described && part["type"] == "object" && !open {
			part["additionalProperties"] = false
		}
		for _, inside := range part {
			forbidOthers(inside)
		}
	case []any:
		for _, inside := range part {
			forbidOthers(inside)
		}
	}
}

func theContract(t *testing.T) written {
	t.Helper()
	w, err := readContract()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

var compiling sync.Mutex

// check validates a value against the schema at a pointer into the document.
func (w written) check(pointer []string, value any) error {
	escape := strings.NewReplacer("~", "~0", "/", "~1", "%", "%25", "{", "%7B", "}", "%7D", "+", "%2B")
	fragment := "#"
	for _, name := range pointer {
		fragment += "/" + escape.Replace(name)
	}
	compiling.Lock()
	schema, err := w.schemas.Compile(documentURL + fragment)
	compiling.Unlock()
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// place is where the operation of a route stands in the document.
func place(pattern string) (method, path string) {
	method, path, _ = strings.Cut(pattern, " ")
	return method, strings.TrimSuffix(path, "{$}")
}

// documented fails the test unless the answer of a route is one that the contract has:
// its status, its media type, the code of its problem, and the members of its body.
func documented(t *testing.T, pattern string, got reply) {
	t.Helper()
	w := theContract(t)
	method, path := place(pattern)
	if path == "/" {
		return // the client has gone on to the page
	}
	operation := w.operations()[method+" "+path]
	if operation == nil {
		t.Errorf("%s is not in the contract", pattern)
		return
	}
	answer := operation.Responses.Value(strconv.Itoa(got.status))
	if answer == nil {
		t.Errorf("%s answers %d, which the contract does not have: %s", pattern, got.status, got.body)
		return
	}
	if len(answer.Value.Content) == 0 || got.body == "" {
		if got.body != "" && method != http.MethodHead {
			t.Errorf("%s answers %d with a body, of which the contract does not know: %s", pattern, got.status, got.body)
		}
		return
	}
	kind, _, err := mime.ParseMediaType(got.header.Get("Content-Type"))
	media := answer.Value.Content.Get(kind)
	if err != nil || media == nil {
		t.Errorf("%s answers %d as %q, which the contract does not have", pattern, got.status, got.header.Get("Content-Type"))
		return
	}
	if !strings.HasSuffix(kind, "json") {
		return
	}
	if got.status >= 400 && len(media.Examples) > 0 && media.Examples[got.code()] == nil {
		t.Errorf("%s answers %d with the code %q, which the contract does not have", pattern, got.status, got.code())
	}
	w.fits(t, pattern, pointerTo(w, path, method, got.status, kind), got.body)
}

// pointerTo is where the schema of an answer stands; shared answers stand elsewhere.
func pointerTo(w written, path, method string, status int, kind string) []string {
	code := strconv.Itoa(status)
	if shared := w.document.Paths.Value(path).GetOperation(method).Responses.Value(code).Ref; shared != "" {
		return append(strings.Split(strings.TrimPrefix(shared, "#/"), "/"), "content", kind, "schema")
	}
	return []string{"paths", path, strings.ToLower(method), "responses", code, "content", kind, "schema"}
}

func (w written) fits(t *testing.T, what string, pointer []string, body string) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err != nil {
		t.Errorf("%s: %v: %s", what, err, body)
		return
	}
	if err := w.check(pointer, value); err != nil {
		t.Errorf("%s is not as in the contract: %v\n%s", what, err, body)
	}
}

// operations lists what the contract has, as patterns of routes.
func (w written) operations() map[string]*openapi3.Operation {
	all := map[string]*openapi3.Operation{}
	for path, item := range w.document.Paths.Map() {
		for method, operation := range item.Operations() {
			all[method+" "+path] = operation
		}
	}
	return all
}
