// Package outbound calls addresses that users name: receivers of webhooks, and
// recordings to be fetched. Whoever names an address must not reach by it what only we
// can: this machine, the network that we are in, its cloud's own services.
//
//	URL ── CheckURL: form, and what is plainly not allowed
//	 └── Client ── resolver ── socket: the address that is called ── permit
//
// What counts is the address at the socket, after names were resolved: for each
// connection, so also after a redirect, and whatever a name meant a moment ago. The
// environment's proxies are not used, for then the address would be theirs.
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// ErrRefused is returned, wrapped, for an address that may not be called.
var ErrRefused = errors.New("the address may not be called")

// Times that bound the steps of a request; how long its body may take is up to the
// caller.
const (
	dialTime   = 5 * time.Second // for the name and the connection
	tlsTime    = 5 * time.Second
	headerTime = 10 * time.Second
)

// headerBytes bounds the head of an answer.
const headerBytes = 64 << 10

// Guard decides what may be called. It is safe for all goroutines.
type Guard struct {
	// Allowed are networks that may be called although they are not public, on any
	// port: receivers in a network of one's own.
	Allowed []netip.Prefix
	// Resolver resolves names; nil for the machine's.
	Resolver *net.Resolver
	// Roots issue certificates that are trusted; nil for those that the machine trusts.
	Roots *x509.CertPool
}

// Client returns a client that calls only what is permitted. It follows no redirect
// and keeps no connection: the next request is looked at anew.
func (g *Guard) Client() *http.Client {
	dialer := &net.Dialer{Timeout: dialTime, Resolver: g.Resolver, ControlContext: g.control}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: g.Roots},
			TLSHandshakeTimeout:    tlsTime,
			ResponseHeaderTimeout:  headerTime,
			MaxResponseHeaderBytes: headerBytes,
			DisableKeepAlives:      true,
			DisableCompression:     true, // a small answer stays small
		},
	}
}

// Following is Client that follows a few redirects, to what CheckURL lets through.
func (g *Guard) Following(most int) *http.Client {
	client := g.Client()
	client.CheckRedirect = func(next *http.Request, before []*http.Request) error {
		if len(before) > most {
			return errors.New("too many redirects")
		}
		_, err := g.CheckURL(next.URL.String())
		return err
	}
	return client
}

// control looks at the address of a socket that is about to connect.
func (g *Guard) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !g.permits(to) {
		return ErrRefused
	}
	return nil
}
