package api

import (
	"net/http"
	"time"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/audit"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

const keysPath = "/api/v1/auth/keys/"

// keyView is an API key as its owner sees it.
type keyView struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Prefix     string `json:"prefix"`
	CreatedAt  *stamp `json:"created_at"`
	ExpiresAt  *stamp `json:"expires_at"`   // null: never
	LastUsedAt *stamp `json:"last_used_at"` // some minutes late; null: never
}

func keyOf(key *accountv1.Key) keyView {
	return keyView{
		ID: key.GetId(), Name: key.GetName(), Prefix: key.GetPrefix(), CreatedAt: stampOf(key.GetCreatedAt()),
		ExpiresAt: stampOf(key.GetExpiresAt()), LastUsedAt: stampOf(key.GetLastUsedAt()),
	}
}

// createKey answers with the key itself, this once.
func (a *API) createKey(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Name      string  `json:"name"`
		ExpiresAt *string `json:"expires_at"`
	}
	if err := web.DecodeJSON(w, r, &body); err != nil {
		return err
	}
	var expires *time.Time
	if body.ExpiresAt != nil {
		at, err := time.Parse(time.RFC3339, *body.ExpiresAt)
		if err != nil {
			return problem.With(fault.New(fault.Invalid, "invalid_expiry",
				"expires_at is a time such as 2030-01-02T15:04:05Z."), "field", "expires_at")
		}
		expires = &at
	}
	user := auth.User(r.Context()).GetId()
	key, secret, err := a.Accounts.CreateKey(r.Context(), user, body.Name, expires)
	if err != nil {
		return err
	}
	a.Audit.Note(r, audit.KeyMade, user, key.GetId())
	w.Header().Set("Location", keysPath+key.GetId())
	w.Header().Set("Cache-Control", "no-store")
	return web.WriteJSON(w, http.StatusCreated, struct {
		keyView
		Key string `json:"key"`
	}{keyOf(key), secret})
}

func (a *API) listKeys(w http.ResponseWriter, r *http.Request) error {
	keys, err := a.Accounts.Keys(r.Context(), auth.User(r.Context()).GetId())
	if err != nil {
		return err
	}
	view := struct {
		Items []keyView `json:"items"`
	}{[]keyView{}}
	for _, key := range keys {
		view.Items = append(view.Items, keyOf(key))
	}
	return web.WriteJSON(w, http.StatusOK, view)
}

func (a *API) getKey(w http.ResponseWriter, r *http.Request) error {
	key, err := a.Accounts.Key(r.Context(), auth.User(r.Context()).GetId(), r.PathValue("key_id"))
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, keyOf(key))
}

func (a *API) deleteKey(w http.ResponseWriter, r *http.Request) error {
	user, id := auth.User(r.Context()).GetId(), r.PathValue("key_id")
	if err := a.Accounts.DeleteKey(r.Context(), user, id); err != nil {
		return err
	}
	a.Audit.Note(r, audit.KeyRemoved, user, id)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
