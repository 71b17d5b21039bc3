package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

func TestDialect_isSpokenByWhoeverRefuses(t *testing.T) {
	t.Parallel()
	log := testkit.Log(t)
	router := web.NewRouter(log)
	router.Handle("GET /v1/panic", func(http.ResponseWriter, *http.Request) error { panic("on purpose") })
	router.Handle("GET /v1/error", func(http.ResponseWriter, *http.Request) error { return http.ErrNoCookie })
	dialect := func(w http.ResponseWriter, _ string, status int, _ error) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte("in dialect"))
	}
	handler := web.Dialect("/v1/", dialect, web.Wrap(log, func(string, time.Duration, bool) {}, router))
	for request, want := range map[string]int{
		"GET /v1/panic": 500, "GET /v1/error": 500, "GET /v1/nothing": 404, "POST /v1/error": 405,
	} {
		method, path, _ := strings.Cut(request, " ")
		got := httptest.NewRecorder()
		handler.ServeHTTP(got, httptest.NewRequestWithContext(t.Context(), method, path, nil))
		if got.Code != want || got.Body.String() != "in dialect" {
			t.Errorf("%s: %d %s", request, got.Code, got.Body)
		}
	}
	got := httptest.NewRecorder()
	handler.ServeHTTP(got, httptest.NewRequestWithContext(t.Context(), "GET", "/other", nil))
	if got.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("elsewhere: %v", got.Header())
	}
}
