package web

import "net/netip"

const siteBits = 64 // of an IPv6 address: who has one has all that begin the same

// Site is what one client can choose its address from: the address itself, or the
// network of an IPv6 one.
func Site(address string) string {
	parsed, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if parsed = parsed.Unmap(); parsed.Is4() {
		return parsed.String()
	}
	return netip.PrefixFrom(parsed.WithZone(""), siteBits).Masked().String()
}
