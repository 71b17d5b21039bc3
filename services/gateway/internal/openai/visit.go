package openai

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
	"github.com/stenomesh/stenomesh/services/gateway/internal/request"
)

// Headers by which OpenAI's clients, all made with the same generator, tell what
// they do: how often they have sent this request already, and after how many seconds
// they give up waiting and send it again.
const (
	retryHeader       = "X-Stainless-Retry-Count"
	timeoutHeader     = "X-Stainless-Timeout"
	readTimeoutHeader = "X-Stainless-Read-Timeout"
)

// visit is a request, and whether its client comes again for the same job.
type visit struct {
	key     string // Idempotency-Key; empty without
	repeats bool   // the client sends a request again that failed
	again   bool   // and this is such a request
	began   time.Time
	timeout time.Duration // after which the client sends it again; 0 if it said none
}

func visitOf(r *http.Request) (visit, error) {
	v := visit{began: time.Now()}
	var err error
	if v.key, err = request.IdempotencyKey(r); err != nil {
		return v, err
	}
	if count, err := strconv.Atoi(r.Header.Get(retryHeader)); err == nil {
		v.repeats, v.again = true, count > 0
	}
	for _, name := range []string{timeoutHeader, readTimeoutHeader} {
		if seconds, err := strconv.ParseFloat(r.Header.Get(name), 64); err == nil && seconds > 0 {
			v.timeout = time.Duration(min(seconds, 1e6) * float64(time.Second))
			break
		}
	}
	return v, nil
}

// comesAgain reports whether a client that has left now is expected to ask for the
// same job again: it named its request, or it left because its patience was over,
// which is when its library repeats. Clocks and the way here take part of that time.
func (v visit) comesAgain() bool {
	return v.key != "" || v.repeats && v.timeout > 0 && time.Since(v.began) >= v.timeout*9/10
}

// visitors counts the requests of this gateway that wait for a job.
type visitors struct {
	mu    sync.Mutex
	count map[string]int
}

// enter counts one more; leave takes it back and reports whether it was the last.
func (v *visitors) enter(jobID string) (leave func() (last bool)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.count == nil {
		v.count = map[string]int{}
	}
	v.count[jobID]++
	return func() bool {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.count[jobID]--
		last := v.count[jobID] == 0
		if last {
			delete(v.count, jobID)
		}
		return last
	}
}

// afterTime is for what has to be done though the client is gone.
const afterTime = 10 * time.Second

// abandon stops a job that nobody waits for any more and removes its recording. When
// that is not possible now the job goes on, and stays in the history.
func (a *API) abandon(ctx context.Context, e index.Entry) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterTime)
	defer cancel()
	user, id := e.Job.GetUserId(), e.Job.GetId()
	if _, err := a.Jobs.Cancel(ctx, user, id); err != nil {
		if !fault.Is(err, fault.Conflict) { // else it ended in this very moment
			a.Log.Warn("job goes on though its client has left", "job", id, "err", err)
		}
		return
	}
	a.Log.Info("job cancelled, its client has left", "job", id, "user", user)
	a.forget(ctx, user, e.Job.GetInput().GetFileId())
}
