package mesh_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
	"github.com/stenomesh/stenomesh/services/mesh/internal/remains"
)

// A job ends while its receiver has trouble. The receiver is told when it is well
// again, can prove who tells it, and is told of nothing twice.
func TestWebhook_tellsOfTheEndOfAJob(t *testing.T) {
	t.Parallel()
	m := meshtest.InProcess(t, "-gateway.outbound-allow", "127.0.0.0/8", "-gateway.webhook-pause", "100ms")
	ann := remains.Login(t, m.URL, meshtest.User, meshtest.Password)
	receiver, err := standardwebhooks.NewWebhook(ann.Secret())
	if err != nil {
		t.Fatal(err)
	}
	var calls atomic.Int64
	told := make(chan string, 8)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = receiver.Verify(body, r.Header)
		}
		if err != nil {
			t.Error(err)
		}
		if calls.Add(1) <= 2 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		told <- string(body)
	}))
	t.Cleanup(server.Close)
	sample := testkit.Samples(t, "en")[0]

	id := ann.CreateTelling(ann.Upload(sample.Path, "talk"), "en", server.URL)

	if got := <-told; !strings.Contains(got, `"type":"transcription.completed"`) || !strings.Contains(got, id) {
		t.Errorf("got %s", got)
	}
	testkit.Eventually(t, "the log says so", func() bool { return strings.Contains(ann.Deliveries(id), "status:delivered") })
	if log := ann.Deliveries(id); calls.Load() != 3 || strings.Count(log, "http_status:502") != 2 {
		t.Errorf("the receiver was called %d times; the log %s", calls.Load(), log)
	}
}
