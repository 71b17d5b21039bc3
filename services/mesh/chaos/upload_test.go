//go:build chaos

package chaos_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/services/mesh/internal/chaos"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// More bytes come than the length of the request says. What it says is the file, the
// rest is no request and is answered so; a length that nobody can read is refused.
// No job comes of any of it.
func TestF04_wrongContentLength(t *testing.T) {
	t.Parallel()
	chaos.Case(t)
	site := chaos.StartSite(t, "-dispatcher.sweep", "200ms", "-dispatcher.file-grace", "0s")
	token := loginToken(t, site.URL)
	const body = "ID3 and not much more"
	for name, c := range map[string]struct {
		length string
		want   []string // beginnings of the answers
	}{
		"too short":  {"Content-Length: 8", []string{"HTTP/1.1 201", "HTTP/1.1 400"}},
		"negative":   {"Content-Length: -1", []string{"HTTP/1.1 400"}},
		"two of two": {"Content-Length: 8\r\nContent-Length: 9", []string{"HTTP/1.1 400"}},
		"no number":  {"Content-Length: many", []string{"HTTP/1.1 400"}},
	} {
		request := fmt.Sprintf("POST /api/v1/files?name=a.mp3 HTTP/1.1\r\nHost: mesh\r\nAuthorization: Bearer %s\r\n%s\r\n\r\n%s\r\n\r\n", token, c.length, body)
		said := exchange(t, site.URL, request)
		for _, want := range c.want {
			_, rest, found := bytes.Cut(said, []byte(want))
			if !found {
				t.Errorf("%s: answered %q, want %s", name, said, c.want)
			}
			said = rest
		}
	}

	page, err := site.Client(t).History(t.Context(), 10, "")
	if err != nil || page.Total != 0 {
		t.Errorf("%d jobs, %v", page.Total, err)
	}
	if n := files(t, filepath.Join(site.Data, "blobs", ".tmp")); n != 0 {
		t.Errorf("%d temporary files are left", n)
	}
}

// exchange sends bytes to a server and reads until it hangs up.
func exchange(t *testing.T, url, request string) []byte {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(conn)
	if err != nil && len(said) == 0 {
		t.Fatal(err)
	}
	return said
}

func loginToken(t *testing.T, url string) string {
	t.Helper()
	login := fmt.Appendf(nil, `{"username":%q,"password":%q}`, meshtest.User, meshtest.Password)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/api/v1/auth/token", bytes.NewReader(login))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.AccessToken == "" {
		t.Fatalf("no token: %v", err)
	}
	return answer.AccessToken
}
