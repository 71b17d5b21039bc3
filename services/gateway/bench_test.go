package gateway_test

import (
	"testing"

	"github.com/stenomesh/stenomesh/services/gateway"
)

// BenchmarkAccept is one job accepted over HTTP: a durable write on a bus that
// syncs each one.
func BenchmarkAccept(b *testing.B) {
	r := start(b, func(c *gateway.Config) { c.MaxLiveTasks = 1 << 30 })
	ann := r.login("ann")
	ann.put("f1", sound("a")).wants(201, "")
	for b.Loop() {
		ann.send("POST", "/api/v1/transcription/create", `{"file_id":"f1"}`).wants(201, "")
	}
}

// BenchmarkStatus is one status of a job under way over HTTP.
func BenchmarkStatus(b *testing.B) {
	r := start(b)
	ann := r.login("ann")
	id := ann.task("")
	for b.Loop() {
		ann.status(id, "").wants(200, "")
	}
}
