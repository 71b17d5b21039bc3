// Package client speaks to a Stenomesh server over its native HTTP API.
//
// The command-line program (internal/cli) and the demonstration use it. The
// other side is the gateway (services/gateway), which answers below /api/v1.
package client

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Config says where the server is and who asks.
type Config struct {
	// URL is where the server listens, for example "http://127.0.0.1:8000".
	URL string
	// Token is sent with every request: one of Login, or an API key. Leave it empty
	// and call Login instead to get one for a name and a password.
	Token string
	// HTTP makes the requests; nil is a client of its own with sane time-outs.
	HTTP *http.Client
}

// Client asks one server in the name of one user. Its methods may be called at
// the same time, but for Login, which comes before them.
//
// Errors of all methods: *Problem when the server refused, *ConnectionError when
// no answer came, ctx.Err() when the caller gave up. Requests that can be
// repeated without harm are, a bounded number of times (see retry.go).
type Client struct {
	base     *url.URL
	token    string
	http     *http.Client
	answered atomic.Bool // the server has answered at least once
}

// New returns a client. It does not connect yet; the only error is a URL that is
// not an http or https address.
func New(cfg Config) (*Client, error) {
	base, err := url.Parse(strings.TrimRight(cfg.URL, "/"))
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, fmt.Errorf("%q is not an address like http://127.0.0.1:8000", cfg.URL)
	}
	c := &Client{base: base, token: cfg.Token, http: cfg.HTTP}
	if c.http == nil {
		c.http = newHTTP()
	}
	return c, nil
}

// newHTTP has no limit on a whole request, because an upload takes as long as it
// takes; reads get theirs one by one.
func newHTTP() *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 2 * time.Minute,
		ExpectContinueTimeout: 5 * time.Second,
		MaxIdleConnsPerHost:   8,
		IdleConnTimeout:       time.Minute,
	}}
}

// Login gets a token for a name and a password and uses it from here on.
func (c *Client) Login(ctx context.Context, name, password string) error {
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	credentials := map[string]string{"username": name, "password": password}
	if err := c.post(ctx, "/api/v1/auth/token", credentials, &answer); err != nil {
		return err
	}
	c.token = answer.AccessToken
	return nil
}

// User is who the token belongs to.
type User struct {
	UserID    string    `json:"user_id"`
	Username  string    `json:"username"`
	Role      string    `json:"role"` // "user" or "admin"
	CreatedAt time.Time `json:"created_at,omitzero"`
	Quota     Amounts   `json:"quota"` // a part that is nil has no limit
	Used      Amounts   `json:"used"`  // a part that is nil is not known now
	Left      Amounts   `json:"left"`  // a part that is nil has no limit, or is not known now
}

// Amounts are the three things that a quota bounds.
type Amounts struct {
	AudioSeconds *float64 `json:"audio_seconds_per_day"` // days begin at midnight UTC
	Jobs         *float64 `json:"concurrent_jobs"`
	StoredBytes  *float64 `json:"stored_bytes"`
}

// Me returns the user of the token. It is the cheapest way to know that the
// server is there and takes the token.
func (c *Client) Me(ctx context.Context) (User, error) {
	var user User
	err := c.get(ctx, "/api/v1/user/me", nil, &user)
	return user, err
}

// Ready asks once whether the server and all it depends on are up. Nil means yes.
func (c *Client) Ready(ctx context.Context) error {
	_, err := c.fetch(ctx, request{method: http.MethodGet, path: "/api/v1/health/ready", limit: readLimit})
	return err
}
