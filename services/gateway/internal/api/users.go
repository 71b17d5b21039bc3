package api

import (
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/accounts"
	"github.com/stenomesh/stenomesh/services/gateway/internal/auth"
	"github.com/stenomesh/stenomesh/services/gateway/internal/problem"
	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

const usersPath = "/api/v1/users/"

// userView is what an administrator sees of a user.
type userView struct {
	UserID    string  `json:"user_id"`
	Username  *string `json:"username"` // null when it is erased already
	Role      string  `json:"role,omitempty"`
	Active    bool    `json:"active"`
	CreatedAt *stamp  `json:"created_at"`
	// DeletionRequestedAt is null unless the user is being deleted.
	DeletionRequestedAt *stamp `json:"deletion_requested_at"`
}

func userOf(account accounts.Account) userView {
	view := userView{
		UserID: account.GetId(), Active: account.GetActive(), CreatedAt: stampOf(account.GetCreatedAt()),
		DeletionRequestedAt: stampOf(account.Erasure.GetOrderedAt()),
	}
	if name := account.GetName(); name != "" {
		view.Username, view.Role = &name, roleName(account.GetRole())
	}
	return view
}

func (a *API) createUser(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Username string `json:"username"`
		Password string `json:"password"`
		Role     string `json:"role"`
	}
	if err := web.DecodeJSON(w, r, &body); err != nil {
		return err
	}
	role := accountv1.Role_ROLE_USER
	switch body.Role {
	case "", "user":
	case "admin":
		role = accountv1.Role_ROLE_ADMIN
	default:
		return problem.With(fault.New(fault.Invalid, "invalid_role", "The role is user or admin."), "field", "role")
	}
	if !utf8.ValidString(body.Username + body.Password) {
		return fault.New(fault.Invalid, "invalid_request", "Send username and password, in UTF-8.")
	}
	made, err := a.Accounts.Create(r.Context(), body.Username, body.Password, role)
	if err != nil {
		return err
	}
	a.Log.Info("user made", "user", made.GetId(), "by", auth.User(r.Context()).GetId())
	w.Header().Set("Location", usersPath+made.GetId())
	return web.WriteJSON(w, http.StatusCreated, userOf(made))
}

// listUsers answers with a page of all users, by ?limit= and by ?cursor= from the
// page before.
func (a *API) listUsers(w http.ResponseWriter, r *http.Request) error {
	limit, err := positive(r, "limit", usualLimit)
	if err != nil {
		return err
	}
	if limit > largestLimit {
		return invalidQuery("limit", fmt.Sprintf("The parameter limit is at most %d.", largestLimit))
	}
	page, more, err := a.Accounts.List(r.Context(), r.URL.Query().Get("cursor"), limit)
	if err != nil {
		return err
	}
	view := struct {
		Items      []userView `json:"items"`
		Limit      uint32     `json:"limit"`
		NextCursor *string    `json:"next_cursor"`
	}{Items: []userView{}, Limit: limit}
	for _, account := range page {
		view.Items = append(view.Items, userOf(account))
	}
	if more {
		last := page[len(page)-1].GetId()
		view.NextCursor = &last
	}
	return web.WriteJSON(w, http.StatusOK, view)
}

func (a *API) getUser(w http.ResponseWriter, r *http.Request) error {
	account, err := a.Accounts.Find(r.Context(), r.PathValue("user_id"))
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, userOf(account))
}

// deleteUser answers when the order is on disk. The user is gone at once; what
// belongs to the user is when getUser says 404.
func (a *API) deleteUser(w http.ResponseWriter, r *http.Request) error {
	account, err := a.Accounts.Erase(r.Context(), auth.User(r.Context()).GetId(), r.PathValue("user_id"))
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusAccepted, userOf(account))
}
