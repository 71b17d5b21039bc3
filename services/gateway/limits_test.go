package gateway_test

import (
	"sync"
	"testing"

	"github.com/stenomesh/stenomesh/services/gateway"
)

func TestCreate_holdsTheLimitAgainstParallelRequests(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *gateway.Config) { c.MaxLiveTasks = 3 })
	ann := r.login("ann")
	ann.put("f1", sound("a")).wants(201, "")
	answers := make(chan int, 12)
	var all sync.WaitGroup
	for range cap(answers) {
		all.Go(func() {
			off := user{rig: r.off(), id: ann.id, token: ann.token}
			answers <- off.send("POST", "/api/v1/transcription/create", `{"file_id":"f1"}`).status
		})
	}
	all.Wait()
	close(answers)
	counts := map[int]int{}
	for status := range answers {
		counts[status]++
	}
	if counts[201] != 3 || counts[429] != 9 {
		t.Errorf("answers %v, want 3 of 201 and 9 of 429", counts)
	}
}
