package openai

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
)

// errorView is an error as OpenAI's clients read it; all members are always there.
type errorView struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

// envelope is the body of an answer with an error, and an event of a stream.
type envelope struct {
	Error errorView `json:"error"`
}

// WriteError answers with an error; it is a web.Refusal.
func WriteError(w http.ResponseWriter, _ string, status int, err error) {
	status, view := viewOf(status, err)
	problem.SetHeaders(w.Header(), status, err)
	w.Header().Set("Content-Type", "application/json")
	if errors.As(err, new(final)) {
		w.Header().Set("X-Should-Retry", "false") // which OpenAI's clients obey
	}
	body, _ := json.Marshal(envelope{view}) // texts can always be written
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client is gone: nobody to tell
}

// viewOf translates an error, and the status that the native API has for it: what is
// well-formed but not possible is 400 here, a model that there is not is 404.
func viewOf(status int, err error) (int, errorView) {
	found := fault.Of(err)
	view := errorView{Message: found.Message, Code: &found.Code}
	if field := problem.Field(err); field != "" {
		view.Param = &field
	}
	switch {
	case found.Code == "model_not_found", found.Code == "model_not_installed":
		status = http.StatusNotFound
	case status == http.StatusUnprocessableEntity:
		status = http.StatusBadRequest
	}
	code, known := codes[status]
	if known {
		view.Code = &code
	}
	view.Type = typeOf(status)
	return status, view
}

// codes are those that clients know by a name of OpenAI's, whatever ours is.
var codes = map[int]string{
	http.StatusUnauthorized:    "invalid_api_key",
	http.StatusTooManyRequests: "rate_limit_exceeded",
}

func typeOf(status int) string {
	switch {
	case status >= http.StatusInternalServerError:
		return "server_error"
	case status == http.StatusTooManyRequests:
		return "rate_limit_error"
	case status == http.StatusForbidden:
		return "permission_error"
	default:
		return "invalid_request_error"
	}
}
