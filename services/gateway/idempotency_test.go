package gateway_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
)

const createPath = "/api/v1/transcription/create"

func TestCreate_makesOneJobOfAllRequestsWithAKey(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	ann.put("f1", sound("a")).wants(201, "")
	replies := make([]reply, 50)
	var all sync.WaitGroup
	for n := range replies {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+createPath, strings.NewReader(`{"file_id":"f1"}`))
		r.ok(err)
		req.Header.Set("Authorization", "Bearer "+ann.token)
		req.Header.Set("Idempotency-Key", "k1")
		all.Go(func() {
			got, err := r.try(req)
			if err != nil {
				t.Error(err)
			}
			replies[n] = got
		})
	}
	all.Wait()

	first := 0
	for _, got := range replies {
		got.wants(201, "")
		if got.body != replies[0].body {
			t.Errorf("answers differ: %s and %s", got.body, replies[0].body)
		}
		if got.header.Get("Idempotent-Replayed") == "" {
			first++
		}
	}
	if first > 1 {
		t.Errorf("%d answers say that they are the first", first)
	}
	if total := ann.send("GET", "/api/v1/user/history", "").wants(200, "").field("total"); total != "1" {
		t.Errorf("there are %s jobs", total)
	}
}

func TestCreate_knowsTheRequestOfAKey(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann, bob := r.login("ann"), r.login("bob")
	create := func(u user, body string) reply {
		t.Helper()
		return u.send("POST", createPath, body, "Idempotency-Key: k1")
	}
	ann.put("f1", sound("a")).wants(201, "")
	bob.put("f1", sound("a")).wants(201, "")
	id := create(ann, `{"file_id":"f1","metadata":{"a":1}}`).wants(201, "").field("task_id")
	r.complete(id, "Hello.")
	ann.send("DELETE", "/api/v1/files/f1", "").wants(204, "")

	again := create(ann, `{"metadata":{ "a": 1 }, "file_id":"f1"}`).wants(201, "")
	if again.field("task_id") != id || again.field("status") != "queued" || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("again: %s %v", again.body, again.header)
	}
	create(ann, `{"file_id":"f1","metadata":{"a":2}}`).wants(422, "idempotency_key_reused")
	if other := create(bob, `{"file_id":"f1"}`).wants(201, ""); other.field("task_id") == id {
		t.Error("another user's key stands for the same job")
	}
}

func TestCreate_leavesTheKeyFreeWhenItRefuses(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	const key = "Idempotency-Key: k1"

	ann.send("POST", createPath, `{"file_id":"f1"}`, key).wants(404, "file_not_found")
	ann.put("f1", sound("a")).wants(201, "")
	ann.send("POST", createPath, `{"file_id":"f1","model":"nonsense"}`, key).wants(422, "model_not_found")
	ann.send("POST", createPath, `{"file_id":"f1"}`, key).wants(201, "")
	for _, bad := range []string{"", "two words", strings.Repeat("k", 256), "ключ"} {
		ann.send("POST", createPath, `{"file_id":"f1"}`, "Idempotency-Key: "+bad).wants(400, "invalid_idempotency_key")
	}
}

// Who claimed the key died before the job was made: the job is made under the id that
// was claimed, or under a new one when nobody knows what became of it.
func TestCreate_finishesWhatAnotherReplicaBegan(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	ann.put("f1", sound("a")).wants(201, "")
	create := func(key string) string {
		t.Helper()
		return ann.send("POST", createPath, `{"file_id":"f1"}`, "Idempotency-Key: "+key).wants(201, "").field("task_id")
	}
	create("model")
	model, _, err := r.store.Claimed(t.Context(), ann.id, "model")
	r.ok(err)
	for key, age := range map[string]time.Duration{"just-now": 0, "long-ago": time.Hour} {
		id, err := job.NewID()
		r.ok(err)
		_, _, err = r.store.Claim(t.Context(), ann.id, key, &jobv1.Claim{
			JobId: id, Fingerprint: model.GetFingerprint(), ClaimedAt: timestamppb.New(time.Now().Add(-age)),
		})
		r.ok(err)

		got := create(key)

		if same := got == id; same != (age == 0) {
			t.Errorf("%s: made %s, claimed for %s", key, got, id)
		}
		if again := create(key); again != got {
			t.Errorf("%s: %s and then %s", key, got, again)
		}
	}
}

func TestCreate_makesANewJobWhenThatOfTheKeyWasDeleted(t *testing.T) {
	t.Parallel()
	r := start(t)
	ann := r.login("ann")
	ann.put("f1", sound("a")).wants(201, "")
	create := func() string {
		t.Helper()
		got := ann.send("POST", createPath, `{"file_id":"f1"}`, "Idempotency-Key: k1").wants(201, "")
		if got.header.Get("Idempotent-Replayed") != "" {
			t.Error("a new job is told as an old one")
		}
		return got.field("task_id")
	}
	first := create()
	ann.send("DELETE", "/api/v1/transcription/"+first, "").wants(204, "")
	second := create()
	ann.send("DELETE", "/api/v1/transcription/"+second, "").wants(204, "")
	_, revision, err := r.store.Get(t.Context(), second)
	r.ok(err)
	r.ok(r.store.Purge(t.Context(), second, revision)) // as the janitor does
	third := create()

	if first == second || second == third {
		t.Errorf("%s, %s, %s: a job that was deleted came back", first, second, third)
	}
	if got := ann.status(third, "").wants(200, ""); got.field("status") != "queued" {
		t.Errorf("status %s", got.body)
	}
}
