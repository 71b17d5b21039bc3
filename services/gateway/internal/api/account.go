package api

import (
	"encoding/json"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/audit"
	"github.com/stenomesh/stenomesh/services/gateway/internal/token"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

// createToken takes a name and password as JSON or as the form that OAuth 2
// clients send, and answers with a token.
func (a *API) createToken(w http.ResponseWriter, r *http.Request) error {
	name, password, err := credentials(w, r)
	if err != nil {
		return err
	}
	grant, err := a.Login.Token(r.Context(), name, password, a.Proxies.Client(r))
	if fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.Exhausted) {
		a.Audit.Note(r, audit.LoginFailed, "", audit.Name(name), slog.String("code", fault.Of(err).Code))
	}
	if err != nil {
		return err
	}
	a.Audit.Note(r, audit.LoginSucceeded, grant.UserID, grant.UserID)
	w.Header().Set("Cache-Control", "no-store")
	return web.WriteJSON(w, http.StatusOK, struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int64  `json:"expires_in"` // seconds
	}{grant.Token, "bearer", int64(token.Life.Seconds())})
}

func credentials(w http.ResponseWriter, r *http.Request) (name, password string, err error) {
	var login struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // "" is read as JSON
	if kind == "application/x-www-form-urlencoded" {
		body, err := web.ReadBody(w, r)
		if err != nil {
			return "", "", err
		}
		if json.Valid(body) { // curl -d says it is a form
			_ = json.Unmarshal(body, &login) // wrong types stay empty, and are told below
		} else if form, err := url.ParseQuery(string(body)); err == nil {
			login.Username, login.Password = form.Get("username"), form.Get("password")
		}
	} else if err := web.DecodeJSON(w, r, &login); err != nil {
		return "", "", err
	}
	if login.Username == "" || login.Password == "" || !utf8.ValidString(login.Username+login.Password) {
		return "", "", fault.New(fault.Invalid, "invalid_request", "Send username and password, in UTF-8.")
	}
	return login.Username, login.Password, nil
}

func roleName(role accountv1.Role) string {
	if role == accountv1.Role_ROLE_ADMIN {
		return "admin"
	}
	return "user"
}
