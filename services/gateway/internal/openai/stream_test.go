package openai

import (
	"context"
	"iter"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/testkit"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
)

// A source that breaks off after a segment ends the stream with an error, in which
// nothing internal is told.
func TestStream_endsWithTheErrorThatBrokeIt(t *testing.T) {
	t.Parallel()
	a := &API{Log: testkit.Log(t), Segments: func(context.Context, index.Entry) iter.Seq2[*jobv1.Segment, error] {
		return func(yield func(*jobv1.Segment, error) bool) {
			_ = yield(&jobv1.Segment{Text: "Hello."}, nil) &&
				yield(nil, fault.Wrap(context.DeadlineExceeded, fault.Unavailable, "history_unavailable", "Try again later."))
		}
	}}
	answer := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/audio/transcriptions", nil)

	err := a.stream(answer, request, order{format: formatJSON, stream: true}, index.Entry{})

	const want = `data: {"type":"transcript.text.delta","delta":"Hello."}` + "\n\n" +
		`data: {"error":{"message":"Try again later.","type":"server_error","param":null,"code":"history_unavailable"}}` + "\n\n"
	if err != nil || answer.Code != 200 || answer.Body.String() != want {
		t.Errorf("got %d %s, %v", answer.Code, answer.Body, err)
	}
}

func TestVisit_knowsWhoComesAgain(t *testing.T) {
	t.Parallel()
	minute := time.Now().Add(-time.Minute)
	for name, tc := range map[string]struct {
		v    visit
		want bool
	}{
		"nobody":                     {visit{began: minute}, false},
		"who named the request":      {visit{began: minute, key: "k"}, true},
		"a library out of patience":  {visit{began: minute, repeats: true, timeout: time.Minute}, true},
		"a library that was stopped": {visit{began: minute, repeats: true, timeout: 10 * time.Minute}, false},
		"a library without a limit":  {visit{began: minute, repeats: true}, false},
	} {
		if got := tc.v.comesAgain(); got != tc.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestVisitors_areCountedByTheirJob(t *testing.T) {
	t.Parallel()
	var v visitors
	first, second, other := v.enter("a"), v.enter("a"), v.enter("b")
	if first() || !other() || !second() || len(v.count) != 0 {
		t.Errorf("left are %v", v.count)
	}
}
