package api

import (
	"net/http"
	"strings"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/pkg/job"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/edit"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
	"github.com/stenomesh/stenomesh/services/gateway/internal/transcripts"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// maxTranscript is the largest body of an edit: the segments of a day of speech.
const maxTranscript = 8 << 20

// editTranscript makes a new version of a transcript out of edited segments. If-Match
// says which version they were made from.
func (a *API) editTranscript(w http.ResponseWriter, r *http.Request) error {
	found, err := a.Jobs.Current(r.Context(), auth.User(r.Context()).GetId(), r.PathValue("task_id"))
	if err != nil {
		return err
	}
	if err := noResult(found.Job); err != nil {
		return err
	}
	if err := precondition(r, found.Job); err != nil {
		return err
	}
	var body edit.Body
	if err := web.DecodeJSONUpTo(w, r, maxTranscript, &body); err != nil {
		return err
	}
	after, err := a.Editor.Edit(r.Context(), found, func(old *jobv1.Transcript) (*jobv1.Transcript, error) {
		segments, err := edit.Parse(body, old.GetDurationMs())
		if err != nil {
			return nil, err
		}
		return edit.Apply(old, segments), nil
	})
	if fault.Is(err, fault.Conflict) && fault.Of(err).Code == "transcript_changed" {
		return problem.At(err, http.StatusPreconditionFailed)
	}
	if err != nil {
		return err
	}
	version := job.TranscriptVersion(after.Job)
	a.Log.Info("transcript edited", "job", after.Job.GetId(), "user", after.Job.GetUserId(), "version", version)
	w.Header().Set("Etag", transcripts.Tag(after.Job, version))
	return web.WriteJSON(w, http.StatusOK, struct {
		TaskID   string `json:"task_id"`
		Version  uint32 `json:"version"`
		Segments int    `json:"segments"`
	}{after.Job.GetId(), version, len(*body.Segments)})
}

// precondition compares If-Match with the version there is. A weak tag matches nothing.
func precondition(r *http.Request, record *jobv1.Job) error {
	asked := strings.Join(r.Header.Values("If-Match"), ",")
	if strings.TrimSpace(asked) == "" {
		return problem.At(fault.New(fault.Invalid, "precondition_required",
			"Send the ETag of the transcript that you have edited: If-Match."), http.StatusPreconditionRequired)
	}
	for tag := range strings.SplitSeq(asked, ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || tag == transcripts.Tag(record, job.TranscriptVersion(record)) {
			return nil
		}
	}
	return problem.At(fault.New(fault.Conflict, "transcript_changed",
		"The transcript was changed meanwhile; read it again and repeat your change on it."), http.StatusPreconditionFailed)
}
