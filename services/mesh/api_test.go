package mesh_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// api is one user's raw view of the HTTP API.
type api struct{ url, token string }

const createPath = "/api/v1/transcription/create"

func login(t *testing.T, m *meshtest.Mesh, name, password string) *api {
	t.Helper()
	a := &api{url: m.URL}
	answer := a.want(t, 200, "POST", "/api/v1/auth/token", fmt.Appendf(nil, `{"username":%q,"password":%q}`, name, password))
	a.token, _ = answer["access_token"].(string)
	return a
}

// want sends a request and returns the JSON object that comes back.
func (a *api) want(t *testing.T, status int, method, path string, body []byte) map[string]any {
	t.Helper()
	data, got := a.do(t, method, path, body)
	if got != status {
		t.Fatalf("%s %s: got %d %s, want %d", method, path, got, data, status)
	}
	var answer map[string]any
	if len(data) > 0 {
		if err := json.Unmarshal(data, &answer); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, data)
		}
	}
	return answer
}

// do sends a request. It may be called on any goroutine; status is 0 when there
// was no answer, which fails the test.
func (a *api) do(t *testing.T, method, path string, body []byte) (data []byte, status int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, a.url+path, bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return nil, 0
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return nil, 0
	}
	defer func() { _ = resp.Body.Close() }()
	data, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
		return nil, 0
	}
	return data, resp.StatusCode
}

// create makes a job and returns its path.
func (a *api) create(t *testing.T, fileID any) string {
	t.Helper()
	job := a.want(t, 201, "POST", createPath, fmt.Appendf(nil, `{"file_id":%q,"model":"demo","language":"en"}`, fileID))
	return fmt.Sprintf("/api/v1/transcription/%v", job["task_id"])
}

// await polls until a job has ended and returns its status.
func (a *api) await(t *testing.T, task string) map[string]any {
	t.Helper()
	var status map[string]any
	testkit.Eventually(t, task+" has ended", func() bool {
		status = a.want(t, 200, "GET", task+"/status?wait=1s", nil)
		return status["finished_at"] != nil
	})
	return status
}

func (a *api) text(t *testing.T, task string) string {
	t.Helper()
	data, status := a.do(t, "GET", task+"/download?format=text", nil)
	if status != 200 {
		t.Fatalf("download: %d %s", status, data)
	}
	return strings.TrimSpace(string(data))
}
