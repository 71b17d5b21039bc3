package mesh_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stenomesh/stenomesh/pkg/testkit"
	"github.com/stenomesh/stenomesh/services/mesh/internal/meshtest"
)

// Twenty users at once, who know the founding contract and nothing else, work
// for a while without a failure.
func TestClients_workWithoutAFailure(t *testing.T) {
	t.Parallel()
	m := meshtest.InProcess(t)
	owner := login(t, m, meshtest.User, meshtest.Password)
	for i, sample := range testkit.Samples(t, "")[:3] {
		body, err := os.ReadFile(sample.Path)
		if err != nil {
			t.Fatal(err)
		}
		owner.want(t, 201, "PUT", fmt.Sprintf("/api/v1/files/file%d", i+1), body)
	}
	period := 6 * time.Second
	if long() {
		period = 3 * time.Minute
	}
	until := time.Now().Add(period)
	var users sync.WaitGroup
	var mu sync.Mutex
	counts := map[string]int{}
	for n := range 20 {
		u := &contractUser{api: login(t, m, meshtest.User, meshtest.Password), random: rand.New(rand.NewPCG(uint64(n), 1))}
		users.Go(func() {
			for time.Now().Before(until) {
				what := u.act(t)
				mu.Lock()
				counts[what]++
				mu.Unlock()
				wait(u.pause())
			}
		})
	}
	users.Wait()
	t.Logf("20 users in %v: %v", period, counts)
	if len(counts) < 4 {
		t.Errorf("only %v were done", counts)
	}
}

// pause is the time a person takes between two requests, shorter where the test
// is: an account may have a thousand jobs waiting, and no more.
func (u *contractUser) pause() time.Duration {
	if long() {
		return time.Second + time.Duration(u.random.Int64N(int64(4*time.Second)))
	}
	return time.Duration(u.random.Int64N(int64(time.Second)))
}

// contractUser does what the founding load test's users do.
type contractUser struct {
	api    *api
	random *rand.Rand
	task   string
}

func (u *contractUser) act(t *testing.T) string {
	switch u.random.IntN(4) {
	case 0:
		u.create(t)
		return "create"
	case 1:
		u.status(t)
		return "status"
	case 2:
		u.expect(t, "GET", "/api/v1/user/history?page=1&limit=10", nil, 200)
		return "history"
	default:
		format := u.pick("text", "docx", "srt", "json")
		task := u.task
		if task == "" {
			task = "task-1"
		}
		u.expect(t, "GET", "/api/v1/transcription/"+task+"/download?format="+format, nil, 200, 404)
		return "download"
	}
}

// status asks about a task that may not exist, as the founding load test does,
// and about the user's own, which must.
func (u *contractUser) status(t *testing.T) {
	u.expect(t, "GET", "/api/v1/transcription/task-1/status", nil, 200, 404)
	if u.task != "" {
		u.expect(t, "GET", "/api/v1/transcription/"+u.task+"/status", nil, 200)
	}
}

func (u *contractUser) create(t *testing.T) {
	order, err := json.Marshal(map[string]any{
		"file_id":     u.pick("file1", "file2", "file3"),
		"model":       u.pick("whisper-large-v3", "whisper-turbo"),
		"language":    u.pick("auto", "ru", "en"),
		"diarization": u.random.IntN(2) == 0,
	})
	if err != nil {
		t.Error(err)
	}
	data := u.expect(t, "POST", createPath, order, 201)
	var job struct {
		TaskID string `json:"task_id"`
	}
	if err := json.Unmarshal(data, &job); err != nil || job.TaskID == "" {
		t.Errorf("create answered %s", data)
	}
	u.task = job.TaskID
}

func (u *contractUser) expect(t *testing.T, method, path string, body []byte, allowed ...int) []byte {
	data, status := u.api.do(t, method, path, body)
	if !slices.Contains(allowed, status) {
		t.Errorf("%s %s: got %d %s, want one of %v", method, path, status, data, allowed)
	}
	return data
}

func (u *contractUser) pick(choices ...string) string { return choices[u.random.IntN(len(choices))] }
