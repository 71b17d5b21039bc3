package client

import (
	"context"
	"net/url"
	"strconv"
	"time"
)

const usersPath = "/api/v1/users"

// Account is a user as administrators see it. All methods that speak of accounts are
// theirs alone.
type Account struct {
	UserID              string    `json:"user_id"`
	Username            string    `json:"username"` // empty once it is erased
	Role                string    `json:"role"`     // "user" or "admin"
	Active              bool      `json:"active"`
	CreatedAt           time.Time `json:"created_at,omitzero"`
	DeletionRequestedAt time.Time `json:"deletion_requested_at,omitzero"` // zero unless it is being deleted
	Quota               Quota     `json:"quota"`
}

// Quota is what an account may use. A part that is missing is left as it is, nil is the
// server's default, 0 is no limit.
type Quota map[string]*int64

// Parts of a quota.
const (
	QuotaAudio  = "audio_seconds_per_day"
	QuotaJobs   = "concurrent_jobs"
	QuotaStored = "stored_bytes"
)

// NewAccount is an account to be made.
type NewAccount struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Role     string `json:"role,omitempty"` // empty: "user"
	Quota    Quota  `json:"quota,omitempty"`
}

// AccountChange is what is to be different of an account; what is empty stays.
type AccountChange struct {
	Role     string `json:"role,omitempty"`
	Password string `json:"password,omitempty"`
	Active   *bool  `json:"active,omitempty"`
	Quota    Quota  `json:"quota,omitempty"`
}

// CreateAccount makes an account.
func (c *Client) CreateAccount(ctx context.Context, wanted NewAccount) (Account, error) {
	var account Account
	err := c.post(ctx, usersPath, wanted, &account)
	return account, err
}

// AccountPage is a part of all accounts.
type AccountPage struct {
	Items      []Account `json:"items"`
	NextCursor string    `json:"next_cursor"` // of the page behind it; empty on the last
}

// Accounts returns a page of at most limit accounts. The empty cursor is the first
// page.
func (c *Client) Accounts(ctx context.Context, limit int, cursor string) (AccountPage, error) {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	var page AccountPage
	err := c.get(ctx, usersPath, query, &page)
	return page, err
}

// Account returns one account.
func (c *Client) Account(ctx context.Context, id string) (Account, error) {
	var account Account
	err := c.get(ctx, accountPath(id), nil, &account)
	return account, err
}

// ChangeAccount changes an account and returns it as it is then.
func (c *Client) ChangeAccount(ctx context.Context, id string, change AccountChange) (Account, error) {
	var account Account
	err := c.patch(ctx, accountPath(id), change, &account)
	return account, err
}

// DeleteAccount removes an account and all that belongs to it. The user is locked out
// at once; the rest is gone when Account says 404.
func (c *Client) DeleteAccount(ctx context.Context, id string) error {
	return c.remove(ctx, accountPath(id))
}

func accountPath(id string) string { return usersPath + "/" + url.PathEscape(id) }
