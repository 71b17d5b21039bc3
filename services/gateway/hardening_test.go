package gateway_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/gateway"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

func TestGateway_keepsBrowsersFromDoingMoreWithItsAnswers(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	ann.put("f1", sound("a"))
	for name, got := range map[string]reply{
		"open": r.send("GET", "/api/v1/health", ""), "private": ann.send("GET", "/api/v1/user/me", ""),
		"refusal": r.send("GET", "/api/v1/user/me", ""), "nothing": r.send("GET", "/nothing", ""),
		"recording": ann.send("GET", "/api/v1/files/f1/audio", ""),
	} {
		for header, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got.header.Get(header) != want {
				t.Errorf("%s: %s is %q", name, header, got.header.Get(header))
			}
		}
		if cache := got.header.Get("Cache-Control"); cache != "no-store" && (name != "recording" || cache != "private, no-cache") {
			t.Errorf("%s: may be kept: %q", name, cache)
		}
	}
}

func TestGateway_servesPagesOfTheSitesThatAreSet(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *gateway.Config) { c.Origins = web.Origins{"https://app.example"} })
	ann := r.login("ann")
	const ours, theirs = "Origin: https://app.example", "Origin: https://evil.example"
	ask := func(origin string) http.Header {
		return r.send("OPTIONS", uploads+"x", "", origin, "Access-Control-Request-Method: PATCH",
			"Access-Control-Request-Headers: authorization, tus-resumable, upload-offset").wants(204, "").header
	}

	before := ask(ours)
	answer := ann.send("GET", "/api/v1/user/me", "", ours).wants(200, "").header
	refusal := r.send("GET", "/api/v1/user/me", "", ours).wants(401, "").header

	if before.Get("Access-Control-Allow-Origin") != "https://app.example" || !strings.Contains(before.Get("Access-Control-Allow-Methods"), "PATCH") ||
		!strings.Contains(before.Get("Access-Control-Allow-Headers"), "Upload-Offset") {
		t.Errorf("asked beforehand: %v", before)
	}
	for _, h := range []http.Header{answer, refusal} {
		if h.Get("Access-Control-Allow-Origin") != "https://app.example" || h.Get("Vary") != "Origin" ||
			!strings.Contains(h.Get("Access-Control-Expose-Headers"), "Upload-Offset") {
			t.Errorf("answer: %v", h)
		}
	}
	for _, h := range []http.Header{ask(theirs), ann.send("GET", "/api/v1/user/me", "", theirs).header, ann.send("GET", "/api/v1/user/me", "").header} {
		if h.Get("Access-Control-Allow-Origin") != "" || h.Get("Vary") != "Origin" {
			t.Errorf("to another site, or none: %v", h)
		}
	}
	unset := start(t)
	if h := unset.send("GET", "/api/v1/health", "", ours).header; h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("by default: %v", h)
	}
}

func TestGateway_refusesHeadsOfRequestsThatAreTooLarge(t *testing.T) {
	t.Parallel()
	r := start(t)
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprintf("X-Some-%d: x", i)
	}
	r.send("GET", "/api/v1/health?x="+strings.Repeat("x", 9<<10), "").wants(414, "uri_too_long")
	r.send("GET", "/api/v1/health", "", many...).wants(431, "headers_too_large")
	r.send("GET", "/api/v1/health", "", "X-Large: "+strings.Repeat("x", 33<<10)).wants(431, "headers_too_large")
	r.send("GET", "/api/v1/health", "", "X-Large: "+strings.Repeat("x", 30<<10)).wants(200, "")
	if got := r.send("GET", "/api/v1/health", "", "X-Large: "+strings.Repeat("x", 100<<10)); got.status != 431 {
		t.Errorf("far beyond: %d", got.status) // the server's own, in its own words
	}
}

func TestGateway_tellsWhatAnAddressTakes(t *testing.T) {
	t.Parallel()
	r := start(t)
	if got := r.send("OPTIONS", "/api/v1/files/f1", "").wants(204, "").header.Get("Allow"); got != "GET, HEAD, PUT, DELETE, OPTIONS" {
		t.Errorf("Allow %q", got)
	}
	r.send("OPTIONS", "/nothing", "").wants(404, "route_not_found")
}

func TestFiles_giveAPartOnlyOfTheRecordingThatIsMeant(t *testing.T) {
	t.Parallel()
	ann := start(t).login("ann")
	ann.put("f1", sound("a"))
	tag := ann.send("HEAD", "/api/v1/files/f1/audio", "").wants(200, "").header.Get("Etag")
	ann.send("GET", "/api/v1/files/f1/audio", "", "Range: bytes=0-9", "If-Range: "+tag).wants(206, "")
	ann.send("GET", "/api/v1/files/f1/audio", "", "Range: bytes=0-9", `If-Range: "another"`).wants(200, "")
}

// TestGateway_boundsItsConnections has room for two clients. One without a request
// gives way to another; while there is none, newcomers wait until somebody leaves.
func TestGateway_boundsItsConnections(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *gateway.Config) { c.MaxConnections = 2 })
	first := r.dial()
	first.ask("/api/v1/health")
	if got := first.answer(); got != 200 {
		t.Fatalf("first: %d", got)
	}
	second := r.dial()
	second.begin()
	r.ok(first.conn.SetReadDeadline(time.Now().Add(testkit.Patience)))
	if _, err := first.reader.ReadByte(); !errors.Is(err, io.EOF) {
		t.Fatalf("the first, which is idle, did not give way: %v", err)
	}
	third, fourth := r.dial(), r.dial()
	third.begin()
	fourth.ask("/api/v1/health")

	r.ok(second.conn.Close())

	if got := fourth.answer(); got != 200 {
		t.Errorf("fourth: %d", got)
	}
}

// plain is a connection without a client library around it.
type plain struct {
	*rig
	conn   net.Conn
	reader *bufio.Reader
}

func (r *rig) dial() plain {
	r.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	r.ok(err)
	r.t.Cleanup(func() { _ = conn.Close() })
	return plain{r, conn, bufio.NewReader(conn)}
}

func (p plain) ask(path string) {
	p.t.Helper()
	_, err := fmt.Fprintf(p.conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
	p.ok(err)
}

// begin sends half a request.
func (p plain) begin() {
	p.t.Helper()
	_, err := fmt.Fprint(p.conn, "GET /api/v1/health HTTP/1.1\r\n")
	p.ok(err)
}

func (p plain) answer() int {
	p.t.Helper()
	resp, err := http.ReadResponse(p.reader, nil)
	p.ok(err)
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestRoutes_answerToHeadWhereToGet(t *testing.T) {
	t.Parallel()
	r := start(t)
	patterns := r.service.Routes()
	for _, pattern := range patterns {
		method, path, _ := strings.Cut(pattern, " ")
		if method != "GET" || strings.Contains(path, "{") || slices.Contains(patterns, "HEAD "+path) {
			continue
		}
		get, head := r.send("GET", path, ""), r.send("HEAD", path, "")
		if get.status != head.status || head.body != "" {
			t.Errorf("%s: GET %d, HEAD %d %q", path, get.status, head.status, head.body)
		}
	}
}
