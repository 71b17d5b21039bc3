package client

import (
	"context"
	"net/url"
	"time"
)

const keysPath = "/api/v1/auth/keys"

// Key is an API key. It lets in like a token until it expires or is removed.
type Key struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Prefix     string    `json:"prefix"` // how the key begins, to know it by
	CreatedAt  time.Time `json:"created_at,omitzero"`
	ExpiresAt  time.Time `json:"expires_at,omitzero"`   // zero: never
	LastUsedAt time.Time `json:"last_used_at,omitzero"` // some minutes late; zero: never
	Secret     string    `json:"key,omitempty"`         // the key itself; only CreateKey tells, once
}

// CreateKey makes an API key of the user. A zero time means that it never expires.
func (c *Client) CreateKey(ctx context.Context, name string, expires time.Time) (Key, error) {
	in := struct {
		Name      string    `json:"name"`
		ExpiresAt time.Time `json:"expires_at,omitzero"`
	}{name, expires}
	var key Key
	err := c.post(ctx, keysPath, in, &key)
	return key, err
}

// Keys lists the API keys of the user.
func (c *Client) Keys(ctx context.Context) ([]Key, error) {
	var answer struct {
		Items []Key `json:"items"`
	}
	err := c.get(ctx, keysPath, nil, &answer)
	return answer.Items, err
}

// DeleteKey removes an API key. From then on it lets nobody in.
func (c *Client) DeleteKey(ctx context.Context, id string) error {
	return c.remove(ctx, keysPath+"/"+url.PathEscape(id))
}
