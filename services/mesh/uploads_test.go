package mesh_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// TestKill_uploadsGoOnWhereTheyWere kills the mesh in the middle of a request. What was
// acknowledged is there, and the rest completes the file.
func TestKill_uploadsGoOnWhereTheyWere(t *testing.T) {
	t.Parallel()
	p := meshtest.Start(t)
	s := sender{t: t, url: p.URL}
	s.login()
	content := make([]byte, 3<<20)
	_, _ = rand.Read(content) // never fails
	copy(content, "ID3\x04")
	_, made, _ := s.ask(http.MethodPost, "/api/v1/uploads/", nil, "Upload-Length", strconv.Itoa(len(content)))
	path := made.Get("Location")
	const acknowledged = 1 << 20
	if status := s.patch(path, 0, bytes.NewReader(content[:acknowledged])); status != http.StatusNoContent {
		t.Fatalf("first bytes: %d", status)
	}
	body, rest := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.patch(path, acknowledged, body)
	}()
	if _, err := rest.Write(content[acknowledged : 2*acknowledged]); err != nil {
		t.Fatal(err)
	}

	p.Kill(t)
	_ = rest.CloseWithError(io.ErrUnexpectedEOF) // for whoever still reads
	<-ended
	p.Again(t)

	var at int
	testkit.Eventually(t, "the upload is told of", func() bool {
		status, head, _ := s.ask(http.MethodHead, path, nil)
		at, _ = strconv.Atoi(head.Get("Upload-Offset")) // 0 is too few, below
		return status == http.StatusOK
	})
	if at < acknowledged {
		t.Fatalf("the upload is at %d, %d bytes were acknowledged", at, acknowledged)
	}
	if status := s.patch(path, at, bytes.NewReader(content[at:])); status != http.StatusNoContent {
		t.Fatalf("last bytes: %d", status)
	}
	var file struct {
		SHA256 string `json:"sha256"`
	}
	_, _, data := s.ask(http.MethodGet, path, nil)
	sum := sha256.Sum256(content)
	if err := json.Unmarshal(data, &file); err != nil || file.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("the file is %s, %v", data, err)
	}
}

// sender speaks tus.
type sender struct {
	t          *testing.T
	url, token string
}

func (s *sender) login() {
	s.t.Helper()
	_, _, data := s.ask(http.MethodPost, "/api/v1/auth/token",
		bytes.NewReader([]byte(`{"username":"`+meshtest.User+`","password":"`+meshtest.Password+`"}`)))
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		s.t.Fatalf("login: %s: %v", data, err)
	}
	s.token = answer.AccessToken
}

func (s *sender) patch(path string, at int, body io.Reader) (status int) {
	status, _, _ = s.ask(http.MethodPatch, path, body, "Upload-Offset", strconv.Itoa(at), "Content-Type", "application/offset+octet-stream")
	return status
}

// ask sends a request with pairs of headers; status is 0 when there was no answer.
func (s *sender) ask(method, path string, body io.Reader, header ...string) (status int, _ http.Header, data []byte) {
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, body)
	if err != nil {
		s.t.Error(err)
		return 0, nil, nil
	}
	req.Header.Set("Tus-Resumable", "1.0.0")
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, nil
	}
	defer func() { _ = resp.Body.Close() }() // what was wanted of it has been read
	if data, err = io.ReadAll(resp.Body); err != nil {
		return 0, nil, nil
	}
	return resp.StatusCode, resp.Header, data
}
