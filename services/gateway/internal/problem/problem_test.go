package problem_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
)

func TestWrite_showsCodeAndMessageOnly(t *testing.T) {
	t.Parallel()
	secret := errors.New("open /var/lib/secret: permission denied")
	err := fmt.Errorf("while converting: %w",
		problem.With(fault.Wrap(secret, fault.Unprocessable, "invalid_option", "The beam size is from 1 to 8."), "field", "beam_size"))
	w := httptest.NewRecorder()

	problem.Write(w, "r1", err)

	want := `{"code":"invalid_option","detail":"The beam size is from 1 to 8.","field":"beam_size","request_id":"r1",` +
		`"status":422,"title":"Unprocessable Entity","type":"about:blank"}` + "\n"
	if w.Body.String() != want || w.Code != 422 || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %d %v\n%s\nwant\n%s", w.Code, w.Header(), w.Body, want)
	}
}

func TestWrite_hidesWhatIsNotAFault(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	problem.Write(w, "r1", errors.New("pq: password of postgres is hunter2"))
	if w.Code != 500 || strings.Contains(w.Body.String(), "hunter2") || !strings.Contains(w.Body.String(), `"code":"internal"`) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestWrite_givesEveryKindAStatus(t *testing.T) {
	t.Parallel()
	want := map[fault.Kind]int{
		fault.Internal: 500, fault.Invalid: 400, fault.Unauthenticated: 401, fault.Denied: 403, fault.NotFound: 404,
		fault.Conflict: 409, fault.TooLarge: 413, fault.Unsupported: 415, fault.Unprocessable: 422, fault.Exhausted: 429,
		fault.Unavailable: 503, fault.Cancelled: 503,
	}
	for kind := fault.Internal; kind <= fault.Cancelled; kind++ {
		if got := problem.Status(fault.New(kind, "c", "m")); got != want[kind] {
			t.Errorf("kind %d: status %d, want %d", kind, got, want[kind])
		}
	}
}

func TestWrite_saysWhenToComeAgain(t *testing.T) {
	t.Parallel()
	busy := fault.New(fault.Exhausted, "c", "m")
	for want, err := range map[string]error{
		"5":  busy,
		"2":  problem.After(busy, 1100*time.Millisecond),
		"60": problem.With(problem.After(busy, time.Minute), "a", 1),
		"":   fault.New(fault.NotFound, "c", "m"),
	} {
		w := httptest.NewRecorder()
		problem.Write(w, "", err)
		if got := w.Header().Get("Retry-After"); got != want {
			t.Errorf("%v: Retry-After %q, want %q", err, got, want)
		}
	}
}
