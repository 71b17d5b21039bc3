package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	jobv1 "github.com/stenomesh/stenomesh/proto/job/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/index"
	"github.com/stenomesh/stenomesh/services/gateway/internal/jobs"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
	"github.com/stenomesh/stenomesh/services/gateway/internal/request"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// longestWait bounds ?wait=, so that proxies between do not cut it.
const longestWait = time.Minute

const tasksPath = "/api/v1/transcription/"

func (a *API) createTask(w http.ResponseWriter, r *http.Request) error {
	var create request.Create
	if err := web.DecodeJSON(w, r, &create); err != nil {
		return err
	}
	if create.FileID == "" {
		return problem.With(fault.New(fault.Invalid, "invalid_json", "The field file_id is missing."), "field", "file_id")
	}
	e, again, err := a.create(r, create)
	if err != nil {
		return err
	}
	if again {
		w.Header().Set("Idempotent-Replayed", "true")
	} else {
		a.Log.Info("job accepted", "job", e.Job.GetId(), "user", e.Job.GetUserId(), "model", e.Job.GetOptions().GetResolvedModel())
	}
	w.Header().Set("Location", tasksPath+e.Job.GetId())
	return web.WriteJSON(w, http.StatusCreated, struct {
		TaskID    string   `json:"task_id"`
		Status    string   `json:"status"`
		CreatedAt *stamp   `json:"created_at"`
		Warnings  []string `json:"warnings,omitempty"`
	}{e.Job.GetId(), statusName(jobv1.State_STATE_QUEUED), stampOf(e.Job.GetCreatedAt()), e.Job.GetWarnings()})
}

// create makes the job, once if the request says so.
func (a *API) create(r *http.Request, create request.Create) (e index.Entry, again bool, err error) {
	user := auth.User(r.Context()).GetId()
	check := func(ctx context.Context) (jobs.Order, error) {
		file, err := a.findFile(ctx, user, create.FileID)
		if err != nil {
			return jobs.Order{}, err
		}
		if err := a.checkCallback(create.CallbackURL); err != nil {
			return jobs.Order{}, err
		}
		options, warnings, err := create.Options(a.Models)
		return jobs.Order{Input: file.GetInput(), Options: options, Warnings: warnings}, err
	}
	key, err := request.IdempotencyKey(r)
	if err != nil {
		return index.Entry{}, false, err
	}
	if key == "" {
		e, err = a.Jobs.Create(r.Context(), user, check)
		return e, false, err
	}
	fingerprint, err := create.Fingerprint()
	if err != nil {
		return index.Entry{}, false, err
	}
	return a.Jobs.CreateOnce(r.Context(), user, jobs.Once{Key: key, Fingerprint: fingerprint, Check: check})
}

func (a *API) getTask(w http.ResponseWriter, r *http.Request) error {
	e, err := a.Jobs.Find(r.Context(), auth.User(r.Context()).GetId(), r.PathValue("task_id"))
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, taskOf(e))
}

// taskStatus answers at once, or with ?wait= when something has changed.
func (a *API) taskStatus(w http.ResponseWriter, r *http.Request) error {
	wait, since, err := waitOf(r)
	if err != nil {
		return err
	}
	user, id := auth.User(r.Context()).GetId(), r.PathValue("task_id")
	find := a.Jobs.Find
	if wait > 0 {
		find = func(ctx context.Context, userID, id string) (index.Entry, error) {
			ctx, cancel := context.WithTimeout(ctx, wait)
			defer cancel()
			return a.Jobs.Wait(ctx, userID, id, since)
		}
	}
	e, err := find(r.Context(), user, id)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, statusOf(e))
}

// waitOf reads ?wait= (a duration such as 30s, or seconds) and ?since= (a revision).
func waitOf(r *http.Request) (wait time.Duration, since uint64, err error) {
	query := r.URL.Query()
	if raw := query.Get("wait"); raw != "" {
		if wait, err = time.ParseDuration(raw); err != nil {
			wait, err = time.ParseDuration(raw + "s")
		}
		if err != nil || wait < 0 {
			return 0, 0, invalidQuery("wait", "The parameter wait is a duration such as 30s.")
		}
	}
	if raw := query.Get("since"); raw != "" {
		if since, err = strconv.ParseUint(raw, 10, 64); err != nil {
			return 0, 0, invalidQuery("since", "The parameter since is a revision from an earlier status.")
		}
	}
	return min(wait, longestWait), since, nil
}

func (a *API) cancelTask(w http.ResponseWriter, r *http.Request) error {
	e, err := a.Jobs.Cancel(r.Context(), auth.User(r.Context()).GetId(), r.PathValue("task_id"))
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusAccepted, statusOf(e))
}

// retryTask begins the next attempt of a job that failed or was cancelled.
func (a *API) retryTask(w http.ResponseWriter, r *http.Request) error {
	e, err := a.Jobs.Retry(r.Context(), auth.User(r.Context()).GetId(), r.PathValue("task_id"))
	if err != nil {
		return err
	}
	a.Log.Info("job is tried again", "job", e.Job.GetId(), "user", e.Job.GetUserId(), "attempt", e.Job.GetAttempt())
	return web.WriteJSON(w, http.StatusAccepted, statusOf(e))
}

func (a *API) deleteTask(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("task_id")
	if err := a.Jobs.Delete(r.Context(), auth.User(r.Context()).GetId(), id); err != nil {
		return err
	}
	a.Transcripts.Forget(r.Context(), id)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func invalidQuery(name, message string) error {
	return problem.With(fault.New(fault.Invalid, "invalid_parameter", message), "field", name)
}
