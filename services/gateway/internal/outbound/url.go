package outbound

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stenomesh/stenomesh/pkg/fault"
)

// longestURL is how many bytes the URL of a user may have.
const longestURL = 2048

// CheckURL reads a URL that a user names, and refuses at once what could never be
// called: Unprocessable, code "invalid_url". What its host's name means is looked at
// when it is called.
func (g *Guard) CheckURL(raw string) (*url.URL, error) {
	if len(raw) > longestURL {
		return nil, invalid("The address is longer than 2048 bytes.")
	}
	odd := func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }
	u, err := url.Parse(raw)
	switch {
	case err != nil || !utf8.ValidString(raw) || strings.ContainsFunc(raw, odd):
		return nil, invalid("This is no address of the form https://host/path.")
	case u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "" || u.Hostname() == "":
		return nil, invalid("The address begins with https:// or http:// and a host.")
	case u.User != nil:
		return nil, invalid("The address must not hold a user name or password.")
	}
	return u, g.checkHost(u)
}

func (g *Guard) checkHost(u *url.URL) error {
	port, known := portOf(u)
	if !known || !usualPort(port) && len(g.Allowed) == 0 {
		return invalid("The port is 80, 443, or 1024 and above.")
	}
	address, literal := literalOf(u.Hostname())
	switch {
	case !literal:
		return nil
	case !address.IsValid() || !g.permits(netip.AddrPortFrom(address, port)):
		return invalid("This address may not be called.")
	}
	return nil
}

func portOf(u *url.URL) (port uint16, known bool) {
	switch text := u.Port(); {
	case text != "":
		n, err := strconv.ParseUint(text, 10, 16)
		return uint16(n), err == nil && n > 0
	case strings.HasSuffix(u.Host, ":"):
		return 0, false
	case u.Scheme == "http":
		return 80, true
	default:
		return 443, true
	}
}

// literalOf returns the address that a host is written as. Other ways to write one,
// which some resolvers take (2130706433, 0x7f.1), are literals without an address.
func literalOf(host string) (address netip.Addr, literal bool) {
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if address, err := netip.ParseAddr(name); err == nil {
		return address, true
	}
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), true
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	_, err := strconv.ParseUint(last, 0, 64)
	digits := last != "" && strings.Trim(last, "0123456789") == ""
	return netip.Addr{}, err == nil || digits || strings.HasPrefix(last, "0x") || strings.ContainsAny(name, ":%")
}

func invalid(message string) error { return fault.New(fault.Unprocessable, "invalid_url", message) }
