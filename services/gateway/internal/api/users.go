package api

import (
	"fmt"
	"log/slog"
	"net/http"

	"github.com/stenomesh/stenomesh/pkg/fault"
	accountv1 "github.com/stenomesh/stenomesh/proto/account/v1"
	"github.com/stenomesh/stenomesh/services/gateway/internal/accounts"
	"github.com/stenomesh/stenomesh/services/gateway/internal/audit"
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
	DeletionRequestedAt *stamp            `json:"deletion_requested_at"`
	Quota               quotaView[*int64] `json:"quota"`
}

func userOf(account accounts.Account) userView {
	view := userView{
		UserID: account.GetId(), Active: account.GetActive(), CreatedAt: stampOf(account.GetCreatedAt()),
		DeletionRequestedAt: stampOf(account.Erasure.GetOrderedAt()), Quota: quotaOf(account.GetQuota()),
	}
	if name := account.GetName(); name != "" {
		view.Username, view.Role = &name, roleName(account.GetRole())
	}
	return view
}

func (a *API) createUser(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Username string    `json:"username"`
		Password string    `json:"password"`
		Role     *string   `json:"role"`
		Quota    quotaBody `json:"quota"`
	}
	if err := web.DecodeJSON(w, r, &body); err != nil {
		return err
	}
	role, err := roleOf(body.Role)
	if err == nil {
		err = checkQuota(body.Quota)
	}
	if err != nil {
		return err
	}
	wanted := &accountv1.EnsureUserRequest{Name: body.Username, Password: body.Password, Role: accountv1.Role_ROLE_USER, Quota: body.Quota.own()}
	if role != nil {
		wanted.Role = *role
	}
	made, err := a.Accounts.Create(r.Context(), wanted)
	if err != nil {
		return err
	}
	a.Audit.Note(r, audit.UserMade, auth.User(r.Context()).GetId(), made.GetId(), slog.String("role", roleName(made.GetRole())))
	w.Header().Set("Location", usersPath+made.GetId())
	return web.WriteJSON(w, http.StatusCreated, userOf(made))
}

// roleOf reads a role; "" is none, as null is.
func roleOf(name *string) (*accountv1.Role, error) {
	if name == nil || *name == "" {
		return nil, nil
	}
	switch *name {
	case "user":
		return accountv1.Role_ROLE_USER.Enum(), nil
	case "admin":
		return accountv1.Role_ROLE_ADMIN.Enum(), nil
	default:
		return nil, problem.With(fault.New(fault.Invalid, "invalid_role", "The role is user or admin."), "field", "role")
	}
}

// patchUser changes what the body names and nothing else.
func (a *API) patchUser(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Role     *string   `json:"role"`
		Active   *bool     `json:"active"`
		Password *string   `json:"password"`
		Quota    quotaBody `json:"quota"`
	}
	if err := web.DecodeJSON(w, r, &body); err != nil {
		return err
	}
	role, err := roleOf(body.Role)
	if err == nil {
		err = checkQuota(body.Quota)
	}
	if err != nil {
		return err
	}
	changed, err := a.Accounts.Update(r.Context(), &accountv1.UpdateUserRequest{
		UserId: r.PathValue("user_id"), Role: role, Active: body.Active, Password: body.Password,
		AudioSecondsPerDay: body.Quota.AudioSeconds.Limit, ConcurrentJobs: body.Quota.Jobs.Limit, StoredBytes: body.Quota.StoredBytes.Limit,
	})
	if err != nil {
		return err
	}
	a.Audit.Note(r, audit.UserChanged, auth.User(r.Context()).GetId(), changed.GetId(), slog.String("role", roleName(changed.GetRole())),
		slog.Bool("active", changed.GetActive()), slog.Bool("password", body.Password != nil))
	return web.WriteJSON(w, http.StatusOK, userOf(changed))
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
	by := auth.User(r.Context()).GetId()
	account, err := a.Accounts.Erase(r.Context(), by, r.PathValue("user_id"))
	if err != nil {
		return err
	}
	a.Audit.Note(r, audit.UserDeleted, by, account.GetId())
	return web.WriteJSON(w, http.StatusAccepted, userOf(account))
}
