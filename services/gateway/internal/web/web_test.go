package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// site is a small router, wrapped, with its log and what was observed.
type site struct {
	handler  http.Handler
	log      bytes.Buffer
	observed []string
}

func newSite() *site {
	s := &site{}
	log := slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	router := web.NewRouter(log)
	router.Handle("GET /things/{id}", func(w http.ResponseWriter, _ *http.Request) error {
		return web.WriteJSON(w, http.StatusOK, "thing")
	})
	router.Handle("DELETE /things/{id}", func(http.ResponseWriter, *http.Request) error { return errors.New("disk on fire") })
	router.Handle("GET /full", func(http.ResponseWriter, *http.Request) error {
		return fault.New(fault.Unavailable, "backlog_full", "Full.")
	})
	router.Handle("GET /slow", func(_ http.ResponseWriter, r *http.Request) error {
		<-r.Context().Done()
		return fmt.Errorf("wait: %w", r.Context().Err())
	})
	router.Handle("POST /panic", func(http.ResponseWriter, *http.Request) error { panic("impossible") })
	s.handler = web.Wrap(log, func(route string, _ time.Duration, failed bool) {
		if failed {
			route += " failed"
		}
		s.observed = append(s.observed, route)
	}, router)
	return s
}

func (s *site) get(method, target string, header ...string) *httptest.ResponseRecorder {
	return s.getWith(context.Background(), method, target, header...)
}

func (s *site) getWith(ctx context.Context, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, method, target, nil)
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

// loud counts the lines that somebody on call would see.
func (s *site) loud() int {
	return strings.Count(s.log.String(), "level=WARN") + strings.Count(s.log.String(), "level=ERROR")
}

func TestWrap_observesPatternsNotPaths(t *testing.T) {
	t.Parallel()
	s := newSite()
	s.get("GET", "/things/7")
	s.get("GET", "/things/7?wait=5s")
	s.get("DELETE", "/things/7")
	s.get("GET", "/elsewhere/secret")
	s.get("POST", "/panic")

	want := "GET /things/{id}|GET /things/{id}?wait|DELETE /things/{id} failed|unmatched|POST /panic failed"
	if got := strings.Join(s.observed, "|"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWrap_answersAfterAPanic(t *testing.T) {
	t.Parallel()
	s := newSite()
	got := s.get("POST", "/panic")
	if got.Code != 500 || strings.Contains(got.Body.String(), "impossible") || !strings.Contains(s.log.String(), "impossible") {
		t.Errorf("answer %d %s, log %s", got.Code, got.Body, &s.log)
	}
}

func TestWrap_logsAnErrorOnceWithTheRequestsID(t *testing.T) {
	t.Parallel()
	s := newSite()
	got := s.get("DELETE", "/things/7", "X-Request-Id: abc-1")
	if got.Header().Get("X-Request-Id") != "abc-1" || !strings.Contains(got.Body.String(), `"request_id":"abc-1"`) {
		t.Errorf("answer %v %s", got.Header(), got.Body)
	}
	if n := strings.Count(s.log.String(), "disk on fire"); n != 1 || !strings.Contains(s.log.String(), "request_id=abc-1") {
		t.Errorf("logged %d times: %s", n, &s.log)
	}
	if s.loud() != 1 {
		t.Errorf("more than one line above debug: %s", &s.log)
	}
}

func TestWrap_aRefusalIsNoFailureToLookInto(t *testing.T) {
	t.Parallel()
	s := newSite()
	got := s.get("GET", "/full")
	if got.Code != 503 || s.loud() != 0 || !strings.Contains(s.log.String(), "backlog_full") {
		t.Errorf("answer %d, log %s", got.Code, &s.log)
	}
}

func TestWrap_aClientThatLeavesIsNoFailureOfOurs(t *testing.T) {
	t.Parallel()
	s := newSite()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	got := s.getWith(ctx, "GET", "/slow")

	if s.observed[0] != "GET /slow" || s.loud() != 0 || !strings.Contains(s.log.String(), "status=499") {
		t.Errorf("observed %v, log %s", s.observed, &s.log)
	}
	if got.Body.Len() != 0 || got.Header().Get("Content-Type") != "" {
		t.Errorf("nobody was there, and was answered %s", got.Body)
	}
}

func TestDecodeJSON_refusesWhatIsNotUTF8(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"name":"Ünï"}`:              "",
		"{\"name\":\"\xff\"}":         "invalid_json",
		"{\"name\":{\"a\":\"\xc3\"}}": "invalid_json",
	} {
		var into struct {
			Name json.RawMessage `json:"name"`
		}
		err := web.DecodeJSON(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)), &into)
		if got := fault.Of(err); err == nil && want != "" || err != nil && (got.Kind != fault.Invalid || got.Code != want) {
			t.Errorf("%q: %v, want %q", body, err, want)
		}
	}
}

func TestWrap_replacesARequestIDThatCouldForgeALog(t *testing.T) {
	t.Parallel()
	got := newSite().get("GET", "/things/7", "X-Request-Id: a b=c")
	if id := got.Header().Get("X-Request-Id"); id == "" || strings.Contains(id, " ") {
		t.Errorf("id %q", id)
	}
}

func TestRouter_tellsAWrongMethodFromAnUnknownPath(t *testing.T) {
	t.Parallel()
	s := newSite()
	wrong, unknown := s.get("PUT", "/things/7"), s.get("PUT", "/nothing")
	if wrong.Code != 405 || wrong.Header().Get("Allow") != "GET, HEAD, DELETE, OPTIONS" || !strings.Contains(wrong.Body.String(), "method_not_allowed") {
		t.Errorf("wrong method: %d %v %s", wrong.Code, wrong.Header(), wrong.Body)
	}
	if unknown.Code != 404 || !strings.Contains(unknown.Body.String(), "route_not_found") {
		t.Errorf("unknown path: %d %s", unknown.Code, unknown.Body)
	}
}
