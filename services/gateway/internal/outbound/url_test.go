package outbound_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stenomesh/stenomesh/pkg/fault"
	"github.com/stenomesh/stenomesh/services/gateway/internal/outbound"
)

func TestCheckURL_takesAddressesOfTheInternet(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"https://example.org", "http://example.org/a/b?c=d", "HTTPS://EXAMPLE.org:8443/", "https://пример.рф/ended", "http://93.184.215.14/",
		"http://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:443/", "https://example.org./", "https://a_b.example.org/", "http://[64:ff9b::93.184.215.14]/",
	} {
		if _, err := (&outbound.Guard{}).CheckURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

// bad are URLs that are refused before anything is called.
var bad = []string{
	"", "example.org", "//example.org", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org", "http:example.org", "http://", "http:///x",
	"https://ann@example.org/", "https://ann:secret@example.org/", "https://example.org\n/", "https://exam ple.org/", "https://example.org:0/", "https://example.org:65536/",
	"https://example.org:/", "https://example.org:22/", "https://example.org:6x/", "https://example.org/\xff", "https://example.org/" + strings.Repeat("x", 2048),
	"http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://127.0.0.01/", "http://1.2.3.4.5/",
	"http://localhost/", "http://LOCALHOST:8080/", "http://x.localhost./", "http://0/", "http://0.0.0.0/", "http://10.1.2.3/", "http://172.31.0.1/",
	"http://192.168.1.1/", "http://169.254.169.254/latest/meta-data", "http://100.64.0.1/", "http://100.100.100.200/", "http://168.63.129.16/", "http://192.0.0.192/",
	"http://224.0.0.1/", "http://255.255.255.255/", "http://203.0.113.5/", "http://198.18.0.1/", "http://[::1]/", "http://[::]/", "http://[fe80::1]/",
	"http://[fe80::1%25eth0]/", "http://[fd00:ec2::254]/", "http://[ff02::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:a00:1]/", "http://[::127.0.0.1]/",
	"http://[64:ff9b::127.0.0.1]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[64:ff9b:1::1]/", "http://[2002:7f00:1::]/", "http://[2001:0:1::1]/", "http://[2001:db8::1]/",
	"http://93.184.215.14:25/", "http://[2606:2800:21f:cb07::1%25x]/",
}

func TestCheckURL_refusesWhatIsNotOfTheInternet(t *testing.T) {
	t.Parallel()
	for _, one := range bad {
		u, err := (&outbound.Guard{}).CheckURL(one)
		if !fault.Is(err, fault.Unprocessable) || fault.Of(err).Code != "invalid_url" {
			t.Errorf("%q: got %v, %v", one, u, err)
		}
	}
}

func TestCheckURL_takesWhatAnOperatorAllows(t *testing.T) {
	t.Parallel()
	g := &outbound.Guard{Allowed: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("127.0.0.0/8")}}
	for _, good := range []string{"http://10.1.2.3:81/", "http://[fd00::5]/", "http://localhost:9/", "http://[::ffff:10.0.0.1]/", "http://receiver.lan:81/"} {
		if _, err := g.CheckURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, other := range []string{"http://192.168.1.1/", "http://[fe80::1]/", "http://[64:ff9b::10.0.0.1]/", "http://93.184.215.14:81/"} {
		if _, err := g.CheckURL(other); err == nil {
			t.Errorf("%s was let through", other)
		}
	}
}

// FuzzCheckURL holds what is let through against the standard library's own view of
// addresses.
func FuzzCheckURL(f *testing.F) {
	for _, one := range bad {
		f.Add(one)
	}
	f.Add("https://example.org:8443/x?y#z")
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := (&outbound.Guard{}).CheckURL(raw)
		if err != nil {
			if fault.Of(err).Code != "invalid_url" {
				t.Fatalf("%q: %v", raw, err)
			}
			return
		}
		if u.User != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			t.Fatalf("%q became %q", raw, u)
		}
		if _, err := url.Parse(u.String()); err != nil {
			t.Fatalf("%q became %q: %v", raw, u, err)
		}
		address, err := netip.ParseAddr(u.Hostname())
		if err == nil && (address.Zone() != "" || !address.Unmap().IsGlobalUnicast() || address.Unmap().IsPrivate() || address.Unmap().IsLoopback()) {
			t.Fatalf("%q leads to %v", raw, address)
		}
	})
}
