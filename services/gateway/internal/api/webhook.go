package api

import (
	"net/http"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	historyv1 "github.com/stenomesh/stenomesh/proto/history/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// checkCallback refuses an address that could never be called: Unprocessable, code
// "invalid_option".
func (a *API) checkCallback(url string) error {
	if url == "" {
		return nil
	}
	if _, err := a.Outbound.CheckURL(url); err != nil {
		return problem.With(fault.Wrap(err, fault.Unprocessable, "invalid_option", fault.Of(err).Message), "field", "callback_url")
	}
	return nil
}

type secretView struct {
	Secret    string `json:"secret"`
	CreatedAt *stamp `json:"created_at"`
	// Previous are secrets that hooks are signed with, too, until they end.
	Previous []previousView `json:"previous"`
}

type previousView struct {
	CreatedAt *stamp `json:"created_at"`
	ExpiresAt *stamp `json:"expires_at"`
}

func (a *API) webhookSecret(w http.ResponseWriter, r *http.Request) error {
	secrets, err := a.Hooks.Secret(r.Context(), auth.User(r.Context()).GetId())
	return writeSecrets(w, secrets, err)
}

func (a *API) rotateWebhookSecret(w http.ResponseWriter, r *http.Request) error {
	secrets, err := a.Hooks.Rotate(r.Context(), auth.User(r.Context()).GetId())
	return writeSecrets(w, secrets, err)
}

func writeSecrets(w http.ResponseWriter, secrets []*accountv1.WebhookSecret, err error) error {
	if err != nil {
		return err
	}
	view := secretView{Secret: secrets[0].GetSecret(), CreatedAt: stampOf(secrets[0].GetCreatedAt()), Previous: []previousView{}}
	for _, old := range secrets[1:] {
		view.Previous = append(view.Previous, previousView{stampOf(old.GetCreatedAt()), stampOf(old.GetExpiresAt())})
	}
	w.Header().Set("Cache-Control", "no-store")
	return web.WriteJSON(w, http.StatusOK, view)
}

type deliveryView struct {
	ID            string        `json:"id"` // the webhook-id
	Type          string        `json:"type"`
	Attempt       uint32        `json:"attempt"` // of the task
	URL           string        `json:"url"`
	Status        string        `json:"status"`
	EndedAt       *stamp        `json:"ended_at"`        // of the task
	NextAttemptAt *stamp        `json:"next_attempt_at"` // null unless pending
	Attempts      []attemptView `json:"attempts"`
}

type attemptView struct {
	At         *stamp     `json:"at"`
	HTTPStatus *uint32    `json:"http_status"` // null when there was no answer
	Duration   seconds    `json:"duration_seconds"`
	Error      *errorView `json:"error"` // null when the receiver has it
}

var deliveryNames = map[historyv1.DeliveryState]string{
	historyv1.DeliveryState_DELIVERY_STATE_PENDING:   "pending",
	historyv1.DeliveryState_DELIVERY_STATE_DELIVERED: "delivered",
	historyv1.DeliveryState_DELIVERY_STATE_FAILED:    "failed",
	historyv1.DeliveryState_DELIVERY_STATE_STOPPED:   "stopped",
}

// whatWentWrong says in plain words why an attempt failed.
var whatWentWrong = map[string]string{
	"status":      "The receiver answered with a status other than 2xx.",
	"redirect":    "The receiver answered with a redirect, which is not followed.",
	"timeout":     "The receiver did not answer within 10 seconds.",
	"tls":         "The receiver's certificate is not valid, or it does not speak TLS 1.2 or later.",
	"unreachable": "The address cannot be reached, or is not one that may be called.",
}

func deliveryOf(d *historyv1.Delivery) deliveryView {
	view := deliveryView{
		ID: d.GetId(), Type: "transcription." + d.GetEvent(), Attempt: d.GetAttempt(), URL: d.GetUrl(), Status: deliveryNames[d.GetState()],
		EndedAt: stampOf(d.GetEndedAt()), NextAttemptAt: stampOf(d.GetNextAt()), Attempts: []attemptView{},
	}
	for _, one := range d.GetAttempts() {
		attempt := attemptView{At: stampOf(one.GetStartedAt()), Duration: seconds(one.GetDurationMs())}
		if status := one.GetHttpStatus(); status != 0 {
			attempt.HTTPStatus = &status
		}
		if one.GetError() != "" {
			attempt.Error = &errorView{Code: one.GetError(), Message: whatWentWrong[one.GetError()]}
		}
		view.Attempts = append(view.Attempts, attempt)
	}
	return view
}

// deliveries answers with what became of the webhooks of a task.
func (a *API) deliveries(w http.ResponseWriter, r *http.Request) error {
	user, id := auth.User(r.Context()).GetId(), r.PathValue("task_id")
	if _, err := a.Jobs.Find(r.Context(), user, id); err != nil {
		return err
	}
	found, err := a.Hooks.List(r.Context(), user, id)
	if err != nil {
		return err
	}
	view := struct {
		Items []deliveryView `json:"items"`
	}{Items: []deliveryView{}}
	for _, d := range found {
		view.Items = append(view.Items, deliveryOf(d))
	}
	return web.WriteJSON(w, http.StatusOK, view)
}

// resendDelivery answers with the delivery as it stood when it was queued once more.
func (a *API) resendDelivery(w http.ResponseWriter, r *http.Request) error {
	user, id := auth.User(r.Context()).GetId(), r.PathValue("task_id")
	if _, err := a.Jobs.Find(r.Context(), user, id); err != nil {
		return err
	}
	before, err := a.Hooks.Resend(r.Context(), user, id, r.PathValue("delivery_id"))
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusAccepted, deliveryOf(before))
}
