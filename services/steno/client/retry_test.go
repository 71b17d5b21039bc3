package client_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stenomesh/stenomesh/services/steno/client"
)

// script answers request after request from a list; the last one stays. Its clock
// is that of the test's bubble, so pauses take no time and are exact.
type script struct {
	answers []answer
	asked   []time.Duration // since the first request
	keys    []string        // idempotency keys of the requests
	bodies  []string
	start   time.Time
}

type answer struct {
	status     int // 0: the connection breaks
	retryAfter string
}

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		s.bodies = append(s.bodies, string(body))
		s.keys = append(s.keys, req.Header.Get("Idempotency-Key"))
	}
	if s.asked == nil {
		s.start = time.Now()
	}
	a := s.answers[min(len(s.asked), len(s.answers)-1)]
	s.asked = append(s.asked, time.Since(s.start))
	if a.status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{
		StatusCode: a.status, Header: http.Header{"Retry-After": {a.retryAfter}},
		Body: io.NopCloser(strings.NewReader(`{"username":"anna"}`)),
	}, nil
}

func TestClient_repeatsQuestionsThatMaySucceedLater(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answers []answer
		ok      bool
		times   int
		last    time.Duration // when the last request was made
	}{
		"answered":                     {[]answer{{200, ""}}, true, 1, 0},
		"down for a moment":            {[]answer{{503, ""}, {200, ""}}, true, 2, 250 * time.Millisecond},
		"told when to come back":       {[]answer{{503, "3"}, {429, "2"}, {200, ""}}, true, 3, 5 * time.Second},
		"told to come back much later": {[]answer{{503, "3600"}}, false, 1, 0},
		"down for long":                {[]answer{{503, ""}}, false, 8, 17750 * time.Millisecond},
		"not possible":                 {[]answer{{422, ""}}, false, 1, 0},
		"never there":                  {[]answer{{0, ""}}, false, 1, 0},
		"lost after it was there":      {[]answer{{503, ""}, {0, ""}, {0, ""}, {200, ""}}, true, 4, 1750 * time.Millisecond},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				transport := &script{answers: test.answers}
				c := over(t, transport)

				_, err := c.Me(t.Context())

				if (err == nil) != test.ok {
					t.Errorf("error is %v", err)
				}
				if n := len(transport.asked); n != test.times || transport.asked[n-1] != test.last {
					t.Errorf("asked at %v, want %d times, last at %v", transport.asked, test.times, test.last)
				}
			})
		})
	}
}

func TestClient_neverRepeatsWhatWouldBeDoneTwice(t *testing.T) {
	t.Parallel()
	transport := &script{answers: []answer{{503, "1"}}}
	c := over(t, transport)

	_, err := c.Upload(t.Context(), "a.wav", 1, strings.NewReader("x"))

	var problem *client.Problem
	if !errors.As(err, &problem) || problem.RetryAfter != time.Second {
		t.Errorf("error is %v", err)
	}
	if len(transport.asked) != 1 {
		t.Errorf("%d requests were made", len(transport.asked))
	}
}

func TestClient_createsAgainUnderTheSameKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := &script{answers: []answer{{503, "1"}, {0, ""}, {200, ""}}}
		c := over(t, transport)

		for _, key := range []string{"", "", "mine"} {
			if _, err := c.Create(t.Context(), client.NewJob{FileID: "f", Key: key}); err != nil {
				t.Fatal(err)
			}
		}

		keys := transport.keys
		if len(keys) != 5 || keys[0] == "" || keys[0] != keys[1] || keys[1] != keys[2] || keys[2] == keys[3] || keys[4] != "mine" {
			t.Errorf("keys %q; want one three times, another, and mine", keys)
		}
		if body := `{"file_id":"f","diarization":false}`; transport.bodies[0] != body || transport.bodies[2] != body {
			t.Errorf("bodies %q", transport.bodies)
		}
	})
}

func over(t *testing.T, transport http.RoundTripper) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{URL: "http://mesh", HTTP: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
