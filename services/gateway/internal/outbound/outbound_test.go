package outbound_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/stenomesh/stenomesh/services/gateway/internal/outbound"
)

// receiver is a server on this machine that counts who comes.
func receiver(t *testing.T, handler http.HandlerFunc) (port string, calls *atomic.Int64) {
	t.Helper()
	calls = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port, calls
}

func ok(http.ResponseWriter, *http.Request) {}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// get returns the status of the answer.
func get(t *testing.T, client *http.Client, url string) (status int, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	_ = resp.Body.Close() // nobody reads it
	return resp.StatusCode, nil
}

func TestClient_refusesThisMachineHoweverItIsNamed(t *testing.T) {
	t.Parallel()
	port, calls := receiver(t, ok)
	g := &outbound.Guard{Resolver: resolver(t, func(int64) [4]byte { return [4]byte{127, 0, 0, 1} })}
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0", "innocent.example", "2130706433", "0x7f000001"} {
		if _, err := get(t, g.Client(), "http://"+host+":"+port+"/"); err == nil {
			t.Errorf("%s was called", host)
		}
	}
	if calls.Load() > 0 {
		t.Errorf("%d requests arrived", calls.Load())
	}
}

// A name means another address when it is called than when it was looked at.
func TestClient_looksAtTheAddressThatIsCalled(t *testing.T) {
	t.Parallel()
	port, calls := receiver(t, ok)
	var asked atomic.Int64
	g := &outbound.Guard{Resolver: resolver(t, func(n int64) [4]byte {
		asked.Store(n)
		if n == 1 {
			return [4]byte{93, 184, 215, 14}
		}
		return [4]byte{127, 0, 0, 1}
	})}
	addresses, err := g.Resolver.LookupNetIP(t.Context(), "ip4", "rebinding.example")
	if err != nil || len(addresses) != 1 || addresses[0].String() != "93.184.215.14" {
		t.Fatalf("the first answer: %v, %v", addresses, err)
	}

	_, err = get(t, g.Client(), "http://rebinding.example:"+port+"/")

	if !errors.Is(err, outbound.ErrRefused) || calls.Load() > 0 || asked.Load() < 2 {
		t.Errorf("got %v; %d requests arrived, %d names were asked for", err, calls.Load(), asked.Load())
	}
}

func TestClient_callsWhatAnOperatorAllows(t *testing.T) {
	t.Parallel()
	port, calls := receiver(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) })
	g := &outbound.Guard{Allowed: loopback, Resolver: resolver(t, func(int64) [4]byte { return [4]byte{127, 0, 0, 1} })}

	status, err := get(t, g.Client(), "http://receiver.example:"+port+"/")

	if err != nil || status != http.StatusFound || calls.Load() != 1 {
		t.Errorf("got %d, %v; %d requests, want one that is not led on", status, err, calls.Load())
	}
}

func TestFollowing_looksAtEachRedirect(t *testing.T) {
	t.Parallel()
	secret, calls := receiver(t, ok)
	var to atomic.Value
	port, _ := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to.Load().(string), http.StatusFound)
	})
	// The one receiver may be called, the other, on another address of this machine, not.
	g := &outbound.Guard{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Resolver: resolver(t, func(int64) [4]byte { return [4]byte{127, 0, 0, 2} })}
	for _, target := range []string{
		"http://127.0.0.2:" + secret, "http://innocent.example:" + secret, "http://[::1]:" + secret, "file:///etc/passwd", "http://ann@127.0.0.1:" + secret,
	} {
		to.Store(target)
		if _, err := get(t, g.Following(5), "http://127.0.0.1:"+port+"/"); err == nil {
			t.Errorf("led to %s", target)
		}
	}
	if calls.Load() > 0 {
		t.Errorf("%d requests arrived", calls.Load())
	}

	to.Store("http://127.0.0.1:" + secret)
	if _, err := get(t, g.Following(5), "http://127.0.0.1:"+port+"/"); err != nil || calls.Load() != 1 {
		t.Errorf("to what is allowed: %v, %d requests", err, calls.Load())
	}
	to.Store("/round")
	if _, err := get(t, g.Following(5), "http://127.0.0.1:"+port+"/"); err == nil {
		t.Error("led on without end")
	}
}

func TestClient_usesNoProxyOfTheEnvironment(t *testing.T) {
	proxy, proxied := receiver(t, ok)
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:"+proxy)
	t.Setenv("ALL_PROXY", "http://127.0.0.1:"+proxy)

	_, err := get(t, (&outbound.Guard{}).Client(), "http://192.0.2.1/")

	if !errors.Is(err, outbound.ErrRefused) || proxied.Load() > 0 {
		t.Errorf("got %v; %d requests went to the proxy", err, proxied.Load())
	}
}

func TestClient_trustsOnlyKnownCertificates(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(ok))
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())

	if _, err := get(t, (&outbound.Guard{Allowed: loopback}).Client(), server.URL); err == nil {
		t.Error("a certificate of nobody was trusted")
	}
	if _, err := get(t, (&outbound.Guard{Allowed: loopback, Roots: roots}).Client(), server.URL); err != nil {
		t.Error(err)
	}
}

func TestBound_keepsOneKeyFromTheOthersPlaces(t *testing.T) {
	t.Parallel()
	b := outbound.NewBound(2)
	leave, first := b.Enter("slow")
	_, second := b.Enter("slow")
	_, third := b.Enter("slow")
	_, other := b.Enter("other")
	leave()
	_, again := b.Enter("slow")

	if got := fmt.Sprint(first, second, third, other, again); got != "true true false true true" {
		t.Errorf("got %s", got)
	}
}

// resolver answers every question for an IPv4 address by what answer says of the nth
// such question, from 1, and has no IPv6 addresses.
func resolver(t *testing.T, answer func(n int64) [4]byte) *net.Resolver {
	t.Helper()
	socket, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	go func() {
		question := make([]byte, 512)
		for asked := int64(0); ; {
			n, from, err := socket.ReadFrom(question)
			if err != nil {
				return
			}
			reply, four := respond(question[:n], func() [4]byte { return answer(asked + 1) })
			if four {
				asked++
			}
			_, _ = socket.WriteTo(reply, from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", socket.LocalAddr().String())
	}}
}

func respond(question []byte, answer func() [4]byte) (reply []byte, four bool) {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil, false
	}
	q := m.Questions[0]
	m.Response, m.Additionals = true, nil
	if four = q.Type == dnsmessage.TypeA; four {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 0}, Body: &dnsmessage.AResource{A: answer()},
		}}
	}
	reply, _ = m.Pack()
	return reply, four
}
