package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stenomesh/stenomesh/services/gateway/internal/web"
)

func TestProxies_believeOnlyTheirOwn(t *testing.T) {
	t.Parallel()
	var balancers web.Proxies
	if err := balancers.Set("172.16.0.0/12, fd00::/8"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		remote, header, want string
	}{
		"no balancer":               {"203.0.113.5:4711", "", "203.0.113.5"},
		"stranger with a header":    {"203.0.113.5:4711", "198.51.100.1", "203.0.113.5"},
		"behind a balancer":         {"172.18.0.3:80", "203.0.113.5", "203.0.113.5"},
		"behind two":                {"172.18.0.3:80", "203.0.113.5, 172.18.0.9", "203.0.113.5"},
		"client lies to a balancer": {"172.18.0.3:80", "198.51.100.1, 203.0.113.5", "203.0.113.5"},
		"balancer without a header": {"172.18.0.3:80", "", "172.18.0.3"},
		"balancer says nonsense":    {"172.18.0.3:80", "unknown", "172.18.0.3"},
		"IPv4 in IPv6":              {"[::ffff:172.18.0.3]:80", "203.0.113.5", "203.0.113.5"},
		"IPv6":                      {"[fd00::3]:80", "2001:db8::1", "2001:db8::1"},
		"not an address and a port": {"pipe", "203.0.113.5", "pipe"},
		"all are balancers' own":    {"172.18.0.3:80", "172.18.0.4", "172.18.0.4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = c.remote
			if c.header != "" {
				r.Header.Set("X-Forwarded-For", c.header)
			}

			if got := balancers.Client(r); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestProxies_areANetworkEach(t *testing.T) {
	t.Parallel()
	var p web.Proxies
	for _, wrong := range []string{"10.0.0.1", "balancer", "10.0.0.0/40"} {
		if err := p.Set(wrong); err == nil {
			t.Errorf("%q is taken as %v", wrong, p)
		}
	}
	if err := p.Set(""); err != nil || len(p) != 0 {
		t.Errorf("nothing is taken as %v, %v", p, err)
	}
}
