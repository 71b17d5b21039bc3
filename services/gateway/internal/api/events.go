package api

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/segments"
	"github.com/stenomesh/stenomesh/services/gateway/internal/sse"
)

// endMark follows the place in the id of the last event, so that a client which has
// seen the end and comes back is told by 204 that there is nothing more.
const endMark = ".end"

// events tells how a job goes on until it ends, as server-sent events. Last-Event-ID
// says how much of it the client has, from whichever gateway; one that is none of ours
// is passed over.
func (a *API) events(w http.ResponseWriter, r *http.Request) error {
	from, ended := placeOf(r.Header.Get("Last-Event-ID"))
	e, err := a.Jobs.Latest(r.Context(), auth.User(r.Context()).GetId(), r.PathValue("task_id"), from.Attempt)
	if err != nil {
		return err
	}
	if ended && e.Job.GetAttempt() == from.Attempt && job.Terminal(e.Job.GetState()) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if !a.Streams.Enter() {
		return fault.New(fault.Unavailable, "too_many_streams", "Too many event streams are open; try again later.")
	}
	defer a.Streams.Leave()
	stream := sse.Open(w)
	if r.Method == http.MethodHead {
		return nil
	}
	if stream.Retry() != nil {
		return nil
	}
	t := teller{stream: stream}
	for news := range a.Segments.Follow(r.Context(), e, from) {
		if t.tell(news) != nil { // the client is gone: nobody to tell
			return nil
		}
	}
	return nil
}

// placeOf reads an event id: "<attempt>.<segments sent>", and endMark behind the last.
func placeOf(id string) (at segments.Mark, ended bool) {
	id, ended = strings.CutSuffix(id, endMark)
	attempt, sent, _ := strings.Cut(id, ".")
	n, attemptErr := strconv.ParseUint(attempt, 10, 32)
	m, sentErr := strconv.ParseUint(sent, 10, 31)
	if attemptErr != nil || sentErr != nil {
		return segments.Mark{}, false
	}
	return segments.Mark{Attempt: uint32(n), Sent: int(m)}, ended
}

func placeID(attempt uint32, sent int) string {
	return strconv.FormatUint(uint64(attempt), 10) + "." + strconv.Itoa(sent)
}
