package gateway_test

import (
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway"
)

// decoded says how long the recording of a job is.
func (r *rig) decoded(id string, seconds int64) {
	r.t.Helper()
	r.advance(id, jobv1.State_STATE_TRANSCRIBING, func(j *jobv1.Job) { j.Media = &jobv1.Media{DurationMs: seconds * 1000} })
}

func (u user) used(what string) string {
	u.t.Helper()
	return u.send("GET", "/api/v1/user/me", "").wants(200, "").member("used", what)
}

func TestQuota_ofAudioCountsTheJobsOfToday(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *gateway.Config) { c.QuotaAudioSeconds = 100 })
	ann, ben := r.login("ann"), r.login("ben")
	first, second := ann.task(""), ann.task("")
	r.decoded(first, 60)
	testkit.Eventually(t, "the first counts", func() bool { return ann.used("audio_seconds_per_day") == "60" })
	ann.send("DELETE", "/api/v1/transcription/"+first, "").wants(204, "")
	third := ann.task("") // there is something left
	r.decoded(second, 39)
	testkit.Eventually(t, "the second counts", func() bool { return ann.used("audio_seconds_per_day") == "99" })
	r.decoded(third, 11)
	testkit.Eventually(t, "the third counts", func() bool { return ann.used("audio_seconds_per_day") == "110" })

	got := ann.send("POST", createPath, `{"file_id":"f1"}`).wants(429, "quota_exceeded")

	wait, err := strconv.Atoi(got.header.Get("Retry-After"))
	if err != nil || wait < 1 || wait > 24*60*60 || got.field("quota") != "audio_seconds_per_day" {
		t.Errorf("Retry-After %q, %s", got.header.Get("Retry-After"), got.body)
	}
	ann.send("POST", createPath, `{"file_id":"f1"}`, "Idempotency-Key: k").wants(429, "quota_exceeded")
	me := ann.send("GET", "/api/v1/user/me", "")
	if me.member("quota", "audio_seconds_per_day") != "100" || me.member("left", "audio_seconds_per_day") != "0" ||
		!strings.HasSuffix(me.field("quota_resets_at"), "T00:00:00.000Z") {
		t.Errorf("me %s", me.body)
	}
	ben.task("")
}

// Another process has seen jobs that this one has not, because they were deleted or
// have left the bus: the history service knows them.
func TestQuota_ofAudioIsKnownToTheHistory(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *gateway.Config) { c.QuotaAudioSeconds = 100 })
	ann := r.login("ann")
	ann.put("f1", sound("f1")).wants(201, "")
	r.accounts.set(func(a *accounts) { a.usage = 100_000 })

	ann.send("POST", createPath, `{"file_id":"f1"}`).wants(429, "quota_exceeded")
	r.accounts.set(func(a *accounts) { a.down = true })
	ann.send("POST", createPath, `{"file_id":"f1"}`).wants(429, "quota_exceeded") // as remembered
}

func TestQuota_ofTheUserGoesBeforeTheSettings(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *gateway.Config) { c.MaxLiveTasks, c.QuotaAudioSeconds, c.QuotaStoredBytes = 1, 1, 1 })
	r.accounts.set(func(a *accounts) {
		a.usage = 50_000
		a.quotas["ann"] = &accountv1.Quota{AudioSecondsPerDay: proto.Int64(0), ConcurrentJobs: proto.Int64(2), StoredBytes: proto.Int64(1 << 20)}
	})
	ann, ben := r.login("ann"), r.login("ben")
	ann.task("")
	ann.task("")

	got := ann.send("POST", createPath, `{"file_id":"f1"}`).wants(429, "quota_exceeded")

	if got.field("quota") != "concurrent_jobs" {
		t.Errorf("got %s", got.body)
	}
	me := ann.send("GET", "/api/v1/user/me", "")
	for what, want := range map[string][3]string{ // quota, used, left
		"audio_seconds_per_day": {"null", "50", "null"},
		"concurrent_jobs":       {"2", "2", "0"},
		"stored_bytes":          {"1048576", strconv.Itoa(len(sound("f1"))), strconv.Itoa(1<<20 - len(sound("f1")))},
	} {
		if got := [3]string{me.member("quota", what), me.member("used", what), me.member("left", what)}; got != want {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	ben.put("f1", sound("f1")).wants(429, "quota_exceeded")
}

func TestQuota_ofBytesCountsWhatIsStored(t *testing.T) {
	t.Parallel()
	size := len(sound("a"))
	r := start(t, func(c *gateway.Config) { c.QuotaStoredBytes = int64(2*size + size/2) })
	ann := r.login("ann")
	ann.put("a", sound("a")).wants(201, "")
	ann.put("same", sound("a")).wants(201, "") // stored once
	ann.put("b", sound("b")).wants(201, "")

	got := ann.put("c", sound("c")).wants(429, "quota_exceeded")

	if got.field("quota") != "stored_bytes" || got.header.Get("Retry-After") == "" {
		t.Errorf("got %v %s", got.header, got.body)
	}
	if got := ann.chunked("c", sound("c")).wants(429, "quota_exceeded"); got.field("quota") != "stored_bytes" {
		t.Errorf("of unknown length: %s", got.body)
	}
	ann.put("b", sound("b")).wants(200, "") // is there already
	ann.send("DELETE", "/api/v1/files/b", "").wants(204, "")
	ann.put("c", sound("c")).wants(201, "")
	if files := len(r.leftovers()); files != 3 {
		t.Errorf("%d blobs are left, want a, b and c", files)
	}
}

func TestRate_ofAUserIsBounded(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *gateway.Config) { c.RatePerUser = 3 })
	ann, ben := r.login("ann"), r.login("ben")
	for _, remaining := range []string{"2", "1", "0"} {
		got := ann.send("GET", "/api/v1/user/me", "").wants(200, "")
		if got.header.Get("RateLimit-Limit") != "3" || got.header.Get("RateLimit-Remaining") != remaining || got.header.Get("RateLimit-Reset") != "1" {
			t.Errorf("header %v", got.header)
		}
	}
	byKey, _ := ben.key(`{"name":"CI"}`)

	got := ann.send("GET", "/api/v1/models", "").wants(429, "rate_limited")

	if got.header.Get("Retry-After") != "2" || got.header.Get("RateLimit-Remaining") != "0" {
		t.Errorf("header %v", got.header)
	}
	byKey.send("GET", "/api/v1/user/me", "").wants(200, "")
	ben.send("GET", "/api/v1/user/me", "").wants(200, "")
	byKey.send("GET", "/api/v1/user/me", "").wants(429, "rate_limited") // a key is its user
	r.cache.mu.Lock()
	r.cache.down = true
	r.cache.mu.Unlock()
	ann.send("GET", "/api/v1/user/me", "").wants(200, "") // nobody counts
}

func TestRate_ofAnAddressIsBoundedWhereNobodyLogsIn(t *testing.T) {
	t.Parallel()
	r := start(t, func(c *gateway.Config) { c.RatePerAddress = 2 })
	ann := r.login("ann")
	r.send("GET", "/api/v1/health", "").wants(200, "")

	r.send("POST", "/api/v1/auth/token", `{"username":"ann","password":"nna"}`).wants(429, "rate_limited")
	r.send("GET", "/api/v1/health", "").wants(429, "rate_limited")
	for range 3 {
		ann.send("GET", "/api/v1/user/me", "").wants(200, "")
	}
}
